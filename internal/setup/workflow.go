package setup

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// workflowsDir is where GitHub looks for workflows, relative to the checkout.
const workflowsDir = ".github/workflows"

// The actions of a new workflow, each pinned by the commit of a release. A test compares them with docs/examples.
const (
	checkout = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
	upload   = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"
	download = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
	maturin  = "PyO3/maturin-action@e83996d129638aa358a18fbd1dfb82f0b0fb5d3b # v1.51.0"
)

// newWorkflow returns the text of a release workflow: jobs that build, without rights, and one that publishes and builds nothing.
func newWorkflow(projects []Project, o Options) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# A tag such as v1.2.3 builds the release and publishes it. The jobs that build have no right to publish,")
	line("# and the job that publishes builds nothing.")
	line("name: release")
	line("on:")
	line("  push:")
	line("    tags: [\"v*\"]")
	line("")
	line("# Two runs for one tag wait for each other.")
	line("concurrency: release-${{ github.ref }}")
	line("")
	line("permissions: {}")
	line("")
	line("jobs:")
	if len(projects) == 0 {
		projects = []Project{{Dir: "."}}
	}
	var needs []string
	for _, p := range projects {
		needs = append(needs, buildJobs(line, p, len(projects) > 1)...)
	}
	line("  publish:")
	line("    needs: [%s]", strings.Join(needs, ", "))
	line("    runs-on: ubuntu-latest")
	if o.Environment != "" {
		line("    environment:")
		line("      name: %s", scalar(o.Environment))
		line("      url: ${{ steps.publish.outputs.url }}")
	}
	line("    permissions:")
	line("      id-token: write")
	line("    steps:")
	line("      - uses: %s", download)
	line("        with:")
	line("          pattern: dist-*")
	line("          path: dist/")
	line("          merge-multiple: true")
	line("      - id: publish")
	line("        uses: %s", o.Action)
	if len(projects) == 1 {
		line("        with:")
		line("          expected-version: ${{ github.ref_name }}")
	}
	return b.String()
}

// buildJobs prints the jobs that build a project, and returns their names. Artifacts are named apart, so that none replaces the files of
// another one when they are merged.
func buildJobs(line func(string, ...any), p Project, several bool) (jobs []string) {
	suffix := ""
	if several {
		suffix = "-" + string(cmp.Or(pep.Normalize(p.Name), pep.Normalize(strings.ReplaceAll(p.Dir, "/", "-"))))
	}
	job := func(name string, matrix bool, steps ...string) {
		jobs = append(jobs, name+suffix)
		line("  %s%s:", name, suffix)
		if matrix {
			line("    runs-on: ${{ matrix.system }}")
		} else {
			line("    runs-on: ubuntu-latest")
		}
		line("    permissions:")
		line("      contents: read")
		if matrix {
			line("    strategy:")
			line("      matrix:")
			line("        system: [ubuntu-24.04, ubuntu-24.04-arm, macos-15, windows-2025]")
		}
		line("    steps:")
		line("      - uses: %s", checkout)
		line("        with:")
		line("          persist-credentials: false")
		if p.FromGit {
			line("          fetch-depth: 0 # the version comes from the tags")
		}
		for _, step := range steps {
			line("%s", step)
		}
		line("      - uses: %s", upload)
		line("        with:")
		if matrix {
			line("          name: dist-%s%s-${{ matrix.system }}", name, suffix)
		} else {
			line("          name: dist-%s%s", name, suffix)
		}
		line("          path: dist/")
		line("          if-no-files-found: error")
		line("")
	}
	backend, _, _ := strings.Cut(p.Backend, ".")
	in := ""
	if p.Dir != "." {
		in = " " + shellWord(p.Dir)
	}
	switch {
	case backend == "maturin":
		args := "--release --out dist --find-interpreter"
		step := func(command, args string) []string {
			lines := []string{
				"      - uses: " + maturin, "        with:", "          command: " + command, "          args: " + scalar(args),
			}
			if command == "build" {
				lines = append(lines, "          manylinux: auto")
			}
			return lines
		}
		if p.Dir != "." {
			args += " --manifest-path " + shellWord(p.Dir+"/Cargo.toml")
		}
		job("wheels", true, step("build", args)...)
		args = strings.Replace(args, "--release --out dist --find-interpreter", "--out dist", 1)
		job("sdist", false, step("sdist", args)...)
	case p.Compiled:
		job("wheels", true, "      - run: "+scalar("pipx run cibuildwheel --output-dir dist"+in))
		job("sdist", false, "      - run: "+scalar("pipx run build --sdist --outdir dist"+in))
	default:
		job("build", false, "      - run: "+scalar("pipx run build --outdir dist"+in))
	}
	return jobs
}

// plain reports whether a text has only letters, digits and these other characters.
func plain(text, others string) bool {
	return !slices.ContainsFunc([]rune(text), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(others, c)
	})
}

// shellWord returns a path as one word of a POSIX shell.
func shellWord(path string) string {
	if plain(path, "._/-+") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// scalar returns a text as a value of YAML, in quotes unless it needs none: what begins with a letter or as a flag, and is no word for a
// truth value or for nothing.
func scalar(text string) string {
	words := []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
	start := strings.TrimLeft(strings.TrimPrefix(text, "--"), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	begins := len(start) < len(strings.TrimPrefix(text, "--"))
	if begins && plain(text, "._/-+ ") && !slices.Contains(words, strings.ToLower(text)) {
		return text
	}
	return strconv.Quote(text) // YAML reads the escapes of Go
}
