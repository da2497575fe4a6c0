// Command image assembles the image of the action for every architecture, without a container engine and without a base image:
// the same source, version and Go give the same digest on any machine, so that anybody who has Go can check a release.
//
//	assemble -version v1.2.3 -out image          from the top of the repository
//
// It is a module of its own, and is built as assemble by .ci/reproducible and .ci/verify-release. It prints the digest of the index. The
// folder has the image in the OCI layout (which crane, skopeo and podman read), the programs, and the bill of materials. What the image
// says of itself stands in the Dockerfile, and is read from there.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// architectures returns those of the image, in the order of its index.
func architectures() []string { return []string{"amd64", "arm64"} }

// flags make the same source the same program, wherever it is built. The Dockerfile has the same, and a stage of .ci/run compares
// what comes out.
func flags(version string, r recipe) []string {
	return slices.Concat([]string{"-tags=" + r.Tags}, r.Compiler,
		[]string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= -X main.version=" + version})
}

type options struct {
	version, source, revision, out string
	created                        time.Time
}

func main() {
	var o options
	flag.StringVar(&o.version, "version", "dev", "the `version` that the program prints")
	flag.StringVar(&o.source, "source", "", "`URL` of the repository, for the labels (default: by the module's name)")
	flag.StringVar(&o.revision, "revision", "", "the `commit` of the source (default: git's HEAD)")
	flag.Func("created", "the `time` of the image, as seconds since 1970 (default: that of the commit)", func(text string) error {
		seconds, err := strconv.ParseInt(text, 10, 64)
		o.created = time.Unix(seconds, 0).UTC()
		return err
	})
	flag.StringVar(&o.out, "out", "", "the `folder` to write to, which must be new or empty")
	flag.Parse()
	index, err := build(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Println(index)
}

// complete fills in what git and the module know.
func (o *options) complete() error {
	if !regexp.MustCompile(`^[A-Za-z0-9.+-]+$`).MatchString(o.version) {
		return fmt.Errorf("the version %q has characters that no version has", o.version)
	}
	if o.out == "" {
		return errors.New("say where to with -out")
	}
	if left, err := os.ReadDir(o.out); err == nil && len(left) > 0 {
		return fmt.Errorf("the folder %s is not empty", o.out)
	}
	if o.source == "" {
		module, err := output("go", "list", "-m")
		if err != nil {
			return err
		}
		o.source = "https://" + module
	}
	if o.revision != "" && !o.created.IsZero() {
		return nil
	}
	commit, err := output("git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return fmt.Errorf("without git, give -revision and -created: %w", err)
	}
	hash, seconds, _ := strings.Cut(commit, " ")
	if o.revision == "" {
		o.revision = hash
	}
	if o.created.IsZero() {
		unix, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			return err
		}
		o.created = time.Unix(unix, 0).UTC()
	}
	return nil
}

// build writes everything and gives the digest of the index.
func build(o options) (string, error) {
	if err := o.complete(); err != nil {
		return "", err
	}
	r, err := readRecipe("Dockerfile", map[string]string{"VERSION": o.version, "SOURCE": o.source, "REVISION": o.revision})
	if err != nil {
		return "", err
	}
	toolchain, err := output("go", "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	image, err := newLayout(filepath.Join(o.out, "layout"))
	if err != nil {
		return "", err
	}
	notices, err := noticesOf(architectures())
	if err != nil {
		return "", err
	}
	index := manifest{SchemaVersion: 2, MediaType: indexType, Annotations: maps.Clone(r.Labels)}
	var programs []string
	for _, architecture := range architectures() {
		program := filepath.Join(o.out, "linux-"+architecture, strings.TrimPrefix(r.Entrypoint[0], "/"))
		if err := compile(program, architecture, o.version, r); err != nil {
			return "", err
		}
		programs = append(programs, program)
		made := "go" + strings.TrimPrefix(toolchain, "go") + " build " + strings.Join(flags(o.version, r), " ")
		d, err := image.add(program, notices, architecture, made, r, o.created)
		if err != nil {
			return "", err
		}
		index.Manifests = append(index.Manifests, d)
	}
	if err := writeBill(filepath.Join(o.out, "sbom.cdx.json"), o.version, programs); err != nil {
		return "", err
	}
	d, err := image.document(indexType, index)
	if err != nil {
		return "", err
	}
	return d.Digest, image.refer(d)
}

// noticesOf returns the licences of what is in the program, for all of the image's architectures.
func noticesOf(architectures []string) ([]byte, error) {
	systems := make([]string, 0, len(architectures))
	for _, architecture := range architectures {
		systems = append(systems, "linux/"+architecture)
	}
	command := exec.Command(".ci/notices", systems...)
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	command.Stderr = os.Stderr
	return command.Output()
}

// add writes the image of one architecture.
func (l layout) add(program string, notices []byte, architecture, made string, r recipe, created time.Time) (descriptor, error) {
	binary, err := os.ReadFile(program)
	if err != nil {
		return descriptor{}, err
	}
	packed, diffID, err := layer(content{filepath.Base(program), binary, notices}, created)
	if err != nil {
		return descriptor{}, err
	}
	layerOf, err := l.blob(layerType, packed)
	if err != nil {
		return descriptor{}, err
	}
	fmt.Fprintf(os.Stderr, "linux/%s: %d bytes, %d compressed\n", architecture, len(binary), len(packed))
	configOf, err := l.document(configType, config{
		Created: created, Architecture: architecture, OS: "linux",
		Config:  execution{r.Entrypoint, r.Labels},
		RootFS:  rootFS{"layers", []string{diffID}},
		History: []step{{created, made}},
	})
	if err != nil {
		return descriptor{}, err
	}
	d, err := l.document(manifestType,
		manifest{SchemaVersion: 2, MediaType: manifestType, Config: &configOf, Layers: []descriptor{layerOf}})
	d.Platform = &platform{architecture, "linux"}
	return d, err
}

// compile builds the program for an architecture. What the environment could change about it is set.
func compile(program, architecture, version string, r recipe) error {
	command := exec.Command("go", append(append([]string{"build"}, flags(version, r)...), "-o", program, ".")...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture, "GOAMD64=v1", "GOARM64=v8.0",
		"GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "GOFLAGS=")
	command.Stderr = os.Stderr
	return command.Run()
}

func writeBill(path, version string, programs []string) error {
	b, err := billOf(version, programs...)
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

// output returns the one line that a command prints.
func output(name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	command.Stderr = os.Stderr
	text, err := command.Output()
	return strings.TrimSpace(string(text)), err
}
