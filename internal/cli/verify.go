package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/localfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/served"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// verifyOptions holds the flags of the verify command.
type verifyOptions struct {
	index, repository, trustedRoot, format string
}

// verifyCommand compares files, or a release, with what an index serves.
func verifyCommand(ctx context.Context, w Process, v command, args []string) int {
	var o verifyOptions
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	flags.StringVar(
		&o.index, "index", "pypi",
		"compare with this `index`: pypi, testpypi, an upload URL that ends in /legacy/, or the URL of a simple index",
	)
	flags.StringVar(
		&o.repository, "repository", "",
		"require that a workflow of this GitHub `repository`, owner/name, has published every file (default: say who has)",
	)
	flags.StringVar(
		&o.trustedRoot, "trusted-root", "",
		"verify provenance with the keys in this `file`, a trusted_root.json of Sigstore, and request none (default: the newest keys)",
	)
	flags.StringVar(&o.format, "format", "text", "output `format`: text, github (annotations for a workflow run) or json")
	if code, done := w.parse(v, flags, args); done {
		return code
	}
	w.flags = flags
	write, known := verifyWriters()[o.format]
	what, problem := toCompare(flags.Args(), o.repository)
	switch {
	case !known:
		problem = fmt.Sprintf("-format takes text, github or json, not %q", o.format)
	case problem == "" && o.repository != "" && !isRepository(o.repository):
		problem = fmt.Sprintf("-repository takes owner/name, not %q", o.repository)
	}
	if problem != "" {
		return w.usageError(o.format, problem)
	}
	result, err := w.compareServed(ctx, o, what)
	if err != nil {
		return w.cannotCheck(o.format, err)
	}
	result.Findings = w.allInWords(result.Findings)
	for i := range result.Files {
		result.Files[i].Findings = w.allInWords(result.Files[i].Findings)
	}
	write(w, verified{result, notVerified(o, result)})
	if finding.Worst(result.All()) == finding.Error {
		return Failed
	}
	return Done
}

// toCompare returns what the arguments name: paths, or one release, as in alder==1.2.0. problem is a usage error.
func toCompare(args []string, repository string) (what served.Options, problem string) {
	const parallel = 4
	what = served.Options{Paths: args, Repository: repository, Parallel: parallel}
	if len(args) == 0 {
		what.Paths = []string{"dist"}
	}
	if len(args) != 1 {
		return what, ""
	}
	name, version, isRelease := strings.Cut(args[0], "==")
	if _, err := os.Lstat(args[0]); err == nil || !isRelease {
		return what, ""
	}
	v, err := pep.ParseVersion(version)
	if err != nil || !pep.ValidName(name) {
		return what, fmt.Sprintf("a release is written as alder==1.2.0, not %q", args[0])
	}
	what.Paths, what.Release = nil, pep.Release{Project: pep.Normalize(name), Version: v.Canonical()}
	return what, ""
}

// isRepository reports whether a text has the form owner/name.
func isRepository(text string) bool {
	owner, name, ok := strings.Cut(text, "/")
	return ok && owner != "" && name != "" && !strings.ContainsAny(name, "/: ?#") && !strings.ContainsAny(owner, ": ?#")
}

// compareServed compares with the index of the flags.
func (w Process) compareServed(ctx context.Context, o verifyOptions, what served.Options) (served.Result, error) {
	redactor := secret.NewRedactor(func(string) {})
	site, login, err := w.siteFor(o.index, redactor)
	if err != nil {
		return served.Result{}, err
	}
	root, err := readTrustedRoot(o.trustedRoot)
	if err != nil {
		return served.Result{}, err
	}
	instance, err := w.sigstore(site.Simple)
	if err != nil {
		return served.Result{}, err
	}
	client, err := w.queries(redactor)
	if err != nil {
		return served.Result{}, err
	}
	var mu sync.Mutex
	var notes []finding.Finding
	result, err := served.Compare(ctx, what, index.New(site, client, wire.NewGate(what.Parallel), login), attest.New(attest.Options{
		Wire: client, TUF: instance.tuf, Root: instance.root, TrustedRoot: root, Strict: true, Now: w.Now,
		Record: func(f finding.Finding) {
			mu.Lock()
			defer mu.Unlock()
			notes = append(notes, f)
		},
	}))
	result.Findings = append(result.Findings, notes...)
	return result, err
}

// readTrustedRoot returns the content of a trust root file, or nil without a path.
func readTrustedRoot(path string) ([]byte, error) {
	const longest = 4 << 20
	if path == "" {
		return nil, nil
	}
	text, err := localfile.Read(path, longest)
	if err != nil {
		return nil, finding.New(
			finding.TrustRootFile, "-trusted-root: "+err.Error(), "name a trusted_root.json, as Sigstore's TUF repository has it",
		)
	}
	return text, nil
}
