package internal_test

import (
	"fmt"
	"go/ast"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/buildtags"
)

// printers are what may write to the standard streams without a writer from its caller: printers and loggers of the standard library, by
// the import path.
func printers() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"fmt":           regexp.MustCompile(`^Print(f|ln)?$`),
		"log":           regexp.MustCompile(`^(Print|Fatal|Panic|Output|Default|Writer)`),
		"log/slog":      regexp.MustCompile(`^(Debug|Info|Warn|Error|Log|Default|With)`),
		"flag":          regexp.MustCompile(`^(Parse|CommandLine|PrintDefaults|Usage)$`),
		"runtime/debug": regexp.MustCompile(`^(PrintStack|SetCrashOutput)$`),
	}
}

// streams are the standard streams themselves, by the import path.
func streams() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"os":      regexp.MustCompile(`^(Stdout|Stderr|NewFile)$`),
		"syscall": regexp.MustCompile(`^(Stdout|Stderr|Write)$`),
	}
}

// writersOf returns the uses of restricted functions and variables in a source file, each with its line. The built-in functions that print,
// and the paths of the streams, are always restricted.
func writersOf(source goSource, restricted map[string]*regexp.Regexp) (all []string) {
	names := map[string]string{} // the import path of a package, by what the file calls it
	for _, spec := range source.tree.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
		if name == "." && restricted[path] != nil {
			all = append(all, "a dot-import of "+path)
		}
	}
	ast.Inspect(source.tree, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			if path := names[x.Name]; restricted[path] != nil && restricted[path].MatchString(n.Sel.Name) {
				what = path + "." + n.Sel.Name
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "println" || f.Name == "print") {
				what = f.Name
			}
		case *ast.BasicLit:
			if strings.Contains(n.Value, "/dev/std") || n.Value == `"/proc/self/fd/1"` || n.Value == `"/proc/self/fd/2"` {
				what = n.Value
			}
		}
		if what != "" {
			all = append(all, fmt.Sprintf("%d: %s", source.set.Position(n.Pos()).Line, what))
		}
		return true
	})
	return all
}

// TestWritersOf is what counts as a writer.
func TestWritersOf(t *testing.T) {
	t.Parallel()
	all := printers()
	maps.Copy(all, streams())
	for body, want := range map[string]string{
		`fmt.Println("x")`:                 "12: fmt.Println",
		`fmt.Fprintln(os.Stderr, "x")`:     "12: os.Stderr",
		`w := os.Stdout; _ = w`:            "12: os.Stdout",
		`os.NewFile(2, "x")`:               "12: os.NewFile",
		`l.Printf("x")`:                    "12: log.Printf",
		`l.Fatal("x")`:                     "12: log.Fatal",
		`slog.Warn("x")`:                   "12: log/slog.Warn",
		`slog.Default().Warn("x")`:         "12: log/slog.Default",
		`println("x")`:                     "12: println",
		`debug.PrintStack()`:               "12: runtime/debug.PrintStack",
		`flag.Parse()`:                     "12: flag.Parse",
		`syscall.Write(2, nil)`:            "12: syscall.Write",
		`f, _ := os.Create("/dev/stderr")`: `12: "/dev/stderr"`,
		`fmt.Fprintln(w, "x")`:             "",
		`l.New(w, "", 0).Print("x")`:       "",
		`fmt.Sprint("x")`:                  "",
		`os.Open("x")`:                     "",
		`x.Stderr = nil`:                   "",
		`_ = flag.NewFlagSet`:              "",
	} {
		imports := "flag\"\n\"fmt\"\nl \"log\"\n\"log/slog\"\n\"os\"\n\"runtime/debug\"\n\"syscall"
		source, err := parse("x.go", "package x\n\nimport (\n\""+imports+"\"\n)\nfunc f() { "+body+" }\n")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(writersOf(source, all), ", "); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

// TestSources_NoWriter: nothing of the program writes past the one sink. main.go hands the streams over, and is not among the sources.
func TestSources_NoWriter(t *testing.T) {
	t.Parallel()
	files, all := 0, printers()
	maps.Copy(all, streams())
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		files++
		source, err := sourceOf(f.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, writer := range writersOf(source, all) {
			t.Errorf("%s:%s: it may write past the sink", f.path, writer)
		}
	}
	if files < 100 {
		t.Errorf("only %d files were read", files)
	}
}

// linkedWriters are the files of others in the program that use the standard streams themselves, with the reason why they print nothing.
// main.go takes the streams away from everybody but its own sink, and silences the standard logger. What is left is who had them before
// main began, or does not ask for them: read a new file before you add it here.
func linkedWriters() map[string]string {
	const (
		late    = "takes the stream when it writes, after main has taken it away"
		unused  = "its logger is of a client or server that the program has not"
		asked   = "only if a variable of the environment asks for it"
		replace = "the program gives it a writer of its own"
	)
	return map[string]string{
		"github.com/go-logr/stdr/stdr.go":                              unused,
		"github.com/go-openapi/analysis/internal/debug/debug.go":       asked,
		"github.com/go-openapi/runtime/logger/standard.go":             late,
		"github.com/go-openapi/spec/debug.go":                          asked,
		"github.com/go-openapi/validate/debug.go":                      asked,
		"github.com/sethvargo/go-githubactions/actions.go":             replace,
		"github.com/sigstore/sigstore-go/pkg/verify/signature.go":      late,
		"github.com/sigstore/sigstore/pkg/cryptoutils/password.go":     late,
		"go.opentelemetry.io/otel/internal/global/internal_logging.go": unused,
		"golang.org/x/crypto/ssh/client.go":                            late,
		"golang.org/x/sys/cpu/cpu.go":                                  asked,
		"google.golang.org/grpc/grpclog/loggerv2.go":                   unused,
		"google.golang.org/protobuf/reflect/protoregistry/registry.go": asked,
		"k8s.io/klog/v2/exit.go":                                       late,
		"k8s.io/klog/v2/klog.go":                                       late,
	}
}

// TestLinked_Writers: what the linked packages of others could write to the standard streams is known, and none of it does in this program.
func TestLinked_Writers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads the sources of all linked packages")
	}
	known, seen := linkedWriters(), map[string]bool{}
	files := 0
	for path, one := range linkedPackages(t) {
		if !one.others() {
			continue // of the standard library, see below, or ours
		}
		for _, name := range one.GoFiles {
			files++
			source, err := sourceOf(filepath.Join(one.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			writers := writersOf(source, streams())
			if len(writers) == 0 {
				continue
			}
			seen[path+"/"+name] = true
			if known[path+"/"+name] == "" {
				t.Errorf("%s/%s: %s", path, name, strings.Join(writers, ", "))
			}
		}
	}
	if files < 100 {
		t.Errorf("only %d files were read", files)
	}
	for name := range known {
		if !seen[name] {
			t.Errorf("%s is listed, but writes nothing", name)
		}
	}
}

// TestLinked_NoRaceDetector: the race detector reports to standard error by itself; no release is built with it.
func TestLinked_NoRaceDetector(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"../Dockerfile", "../.ci/binaries", "../.ci/image/main.go"} {
		if slices.Contains(strings.Fields(strings.NewReplacer(`"`, " ", ",", " ").Replace(read(t, path))), "-race") {
			t.Errorf("%s builds with the race detector", path)
		}
	}
	if slices.Contains(strings.Split(buildtags.Read(t), ","), "race") {
		t.Error("a release has the build tag race")
	}
}
