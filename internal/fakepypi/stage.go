// Package fakepypi is the stage of a rehearsal: a package index, an ID token issuer, a Sigstore and GitHub's releases on loopback,
// which a client reaches over real HTTP with real cryptography, and which keep the rules of the real ones.
//
// # Goals
//
// A client that works against the stage works against the real index, and one that would fail there fails here, with
// the same texts. The stage is strict by default; each misbehaviour is a switch, and each failure of a network or a
// server a fault ([Stage.Break]). It counts and remembers (requests, tokens, files, secrets), so that a test can ask
// afterwards what really happened. The index, the issuer, the Sigstore, GitHub's API and its storage of assets are five servers on
// five ports and meet only over HTTP; the index alone is told whom to trust, as the real one is by its makers.
//
// # Limitations
//
// Plain HTTP on loopback; no TLS, no CDN, no HTTP/2. See the packages warehouse, issuer, sigstore and releases for theirs.
package fakepypi

import (
	"cmp"
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/issuer"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/sigstore"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Run says who runs: the workflow run that the ID tokens and the environment are about.
type Run = issuer.Run

// Switches change what the index does.
type Switches = warehouse.Switches

// SigstoreSwitches change what the Sigstore does.
type SigstoreSwitches = sigstore.Switches

// Profile is a kind of index.
type Profile = warehouse.Profile

// The profiles.
const (
	PyPI                = warehouse.PyPI
	TestPyPI            = warehouse.TestPyPI
	NoTrustedPublishing = warehouse.NoTrustedPublishing
	Plain               = warehouse.Plain
)

// Burn is a behaviour of the revocation endpoint.
type Burn = warehouse.Burn

// The behaviours of the revocation endpoint.
const (
	BurnWorks      = warehouse.BurnWorks
	BurnIdle       = warehouse.BurnIdle
	BurnMissing    = warehouse.BurnMissing
	BurnNotAllowed = warehouse.BurnNotAllowed
	BurnBroken     = warehouse.BurnBroken
)

// Forgery is one thing that is wrong with an ID token's header or signature.
type Forgery = issuer.Forgery

// Login is the user name and password of a plain index.
type Login = warehouse.Login

// Token is the state of one upload token.
type Token = warehouse.Token

// File is one file that the index holds.
type File = warehouse.File

// Audience is the default audience of ID tokens. It is not that of the real index: a client must never hand a token
// that is good for the real index to a host that merely asks for it.
const Audience = "rehearsal"

// User and Password are what a plain index wants by default.
const (
	User     = "rehearser"
	Password = "correct-horse-battery" //nolint:gosec // of an index on loopback
)

// Options are what a stage starts from. Only Now is required.
type Options struct {
	Dir      string           // where files are kept; empty means a temporary folder that Close removes
	Keep     bool             // with Dir: what the index holds is kept there, for the next stage of that folder; the Sigstore is new each time
	URL      string           // scheme and host that clients reach the index at; empty means those of its listener
	OnePort  bool             // the index's address answers the runner's protocol, the Sigstore's and GitHub's too; their own are loopback's alone
	Audience string           // of ID tokens; empty means [Audience]
	Now      func() time.Time // the clock of all servers
	Run      Run              // who asks for ID tokens
	Key      *rsa.PrivateKey  // of the issuer; nil makes one, which takes a moment: tests may share one
	Profile  Profile          // what kind of index; the default is PyPI
	Login    Login            // of a plain index; empty parts mean [User] and [Password]
	Control  bool             // whether the index has [fault.ControlPath], where a client can break and mend the stage
	Switches Switches
	Sigstore SigstoreSwitches
}

// Stage is a running index with its issuer, its Sigstore and its GitHub.
type Stage struct {
	Upload *url.URL // the upload endpoint: /legacy/, or /upload/ of a plain index
	Simple *url.URL // the simple index, /simple/
	TUF    *url.URL // the Sigstore's repository of trust, which says where its other services are
	Root   []byte   // the root of that repository, from which a client of TUF starts
	// GitHub has the releases of the run's repository: none, as long as none is published here.
	GitHub *releases.GitHub
	// Env is what makes a process look like a step of the run, with the right to ask for ID tokens. The Sigstore to use is in
	// it too, see [TUFURL] and [TUFRoot], and the token of the run's job, see [GitHubToken].
	Env map[string]string

	run      Run
	index    *warehouse.Index
	issuer   *issuer.Issuer
	sigstore *sigstore.Sigstore
	journal  journal
	faults   *fault.Injector
	servers  []*server
	remove   string // a temporary folder, or empty
	keeps    bool   // what the index holds
	unwatch  func() bool
	closing  sync.Once
	closed   error
}

// The variables of [Stage.Env] that point a client to the Sigstore of the stage, rather than to the public one.
const (
	TUFURL  = "PYPI_OIDC_PUBLISH_TUF_URL"  // the address of the repository of trust
	TUFRoot = "PYPI_OIDC_PUBLISH_TUF_ROOT" // its root.json in base64
)

// Start opens the stage: the index on addr (such as "127.0.0.1:0"), the others on other ports of the same host. It ends
// with ctx or with Close, whichever comes first.
func Start(ctx context.Context, addr string, o Options) (*Stage, error) {
	if o.Now == nil {
		return nil, errors.New("a stage needs a clock")
	}
	s := &Stage{run: o.Run.Complete(), keeps: o.Keep, journal: journal{now: o.Now}, faults: newInjector(o.Now)}
	if err := s.open(ctx, addr, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.unwatch = context.AfterFunc(ctx, s.shut)
	return s, nil
}

func (s *Stage) open(ctx context.Context, addr string, o Options) error {
	dir, err := s.folder(o)
	if err != nil {
		return err
	}
	front, err := s.listen(ctx, addr)
	if err != nil {
		return err
	}
	base, host := cmp.Or(o.URL, front.url()), front.host()
	if o.OnePort {
		host = "127.0.0.1"
	}
	back, err := s.listen(ctx, net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	side, err := s.listen(ctx, net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	asked, signs := back.url(), side.url()
	if o.OnePort {
		asked, signs = base, base
	}
	s.issuer = issuer.New(issuer.Options{URL: back.url(), Asked: asked, Now: o.Now, Run: s.run, Key: o.Key})
	if err := s.build(dir, signs, back.url(), o); err != nil {
		return err
	}
	if err := s.address(base, o.Profile); err != nil {
		return err
	}
	if err := s.openGitHub(ctx, host, base, o.URL == "" && front.loopback(), o); err != nil {
		return err
	}
	var index http.Handler = s.index
	if o.OnePort {
		index = s.GitHub.Beside(s.sigstore.Beside(s.issuer.Beside(s.index)))
	}
	s.answer(front, index, Connect, o.Control)
	s.answer(back, s.issuer, ConnectIssuer, false)
	s.answer(side, s.sigstore, ConnectSigstore, false)
	return nil
}

// folder is where the index keeps its files.
func (s *Stage) folder(o Options) (string, error) {
	if o.Dir != "" {
		return o.Dir, nil
	}
	if o.Keep {
		return "", errors.New("a stage that keeps what it holds needs a folder for it")
	}
	var err error
	s.remove, err = os.MkdirTemp("", "rehearsal-")
	return s.remove, err
}

// build makes the two that believe the issuer at the address: the Sigstore, which clients reach at signs, and the index,
// which believes the Sigstore.
func (s *Stage) build(dir, signs, issuer string, o Options) error {
	var err error
	s.sigstore, err = sigstore.New(sigstore.Options{URL: signs, Issuer: issuer, Now: o.Now, Switches: o.Sigstore})
	if err != nil {
		return err
	}
	trusted, err := s.sigstore.TrustedRoot()
	if err != nil {
		return err
	}
	s.index, err = warehouse.New(warehouse.Options{
		Dir: dir, Keep: o.Keep, Now: o.Now, Audience: cmp.Or(o.Audience, Audience), Issuer: issuer, Switches: o.Switches,
		Profile: o.Profile, Login: Login{User: cmp.Or(o.Login.User, User), Password: cmp.Or(o.Login.Password, Password)},
		Sigstore: trusted,
	})
	return err
}

// listen opens one more server of the stage.
func (s *Stage) listen(ctx context.Context, addr string) (*server, error) {
	opened, err := listen(ctx, addr)
	if err == nil {
		s.servers = append(s.servers, opened)
	}
	return opened, err
}

// address fills in what clients need to know of the stage.
func (s *Stage) address(base string, p Profile) error {
	for at, text := range map[**url.URL]string{
		&s.Upload: base + p.UploadPath(), &s.Simple: base + "/simple/", &s.TUF: s.sigstore.TrustURL(),
	} {
		var err error
		if *at, err = url.Parse(text); err != nil {
			return err
		}
	}
	s.Root, s.Env = s.sigstore.Root(), s.issuer.Env()
	s.Env[TUFURL], s.Env[TUFRoot] = s.TUF.String(), base64.StdEncoding.EncodeToString(s.Root)
	return nil
}

// Close ends all servers and waits until every connection and handler is gone. It may be called more than once.
func (s *Stage) Close() error {
	if s.unwatch != nil {
		s.unwatch()
	}
	s.shut()
	return s.closed
}

func (s *Stage) shut() {
	s.closing.Do(func() {
		s.faults.Close() // no handler waits from now on
		for _, server := range s.servers {
			s.closed = errors.Join(s.closed, server.close())
		}
		if s.index != nil {
			s.closed = errors.Join(s.closed, s.index.Close())
		}
		if s.remove != "" {
			s.closed = errors.Join(s.closed, os.RemoveAll(s.remove))
		}
	})
}

// Reset makes the stage one that was just started, at the same addresses, with the same keys and the same [Stage.Env]: without publishers,
// projects, files, tokens, log entries and releases, with its first switches, without faults, and with nothing to remember. A test that needs
// many stages can use one after the other in less time. It is an error while a request is being answered, and of a stage that keeps what it
// holds.
func (s *Stage) Reset() error {
	if s.keeps {
		return errors.New("a stage that keeps what it holds cannot be reset")
	}
	if !s.journal.reset() {
		return errors.New("a stage cannot be reset while it answers a request")
	}
	s.faults.Mend()
	s.issuer.Reset()
	s.sigstore.Reset()
	s.GitHub.Reset()
	return s.index.Reset()
}

// Publisher is a Trusted Publisher. Empty parts are taken from the stage's run, except the environment.
type Publisher struct {
	Owner, OwnerID string
	Repository     string // without the owner
	Workflow       string
	Environment    string // empty means any
	Project        pep.Project
	Pending        bool // the project does not exist; the first mint creates it
}

// Trust registers a publisher. Unless it is pending, its project is created if need be.
func (s *Stage) Trust(p Publisher) {
	_, repository, _ := strings.Cut(s.run.Repository, "/")
	s.index.Trust(warehouse.Publisher{
		Owner:       cmp.Or(p.Owner, s.run.Owner()),
		OwnerID:     cmp.Or(p.OwnerID, s.run.OwnerID),
		Repository:  cmp.Or(p.Repository, repository),
		Workflow:    cmp.Or(p.Workflow, s.run.Workflow),
		Environment: p.Environment,
		Project:     p.Project,
		Pending:     p.Pending,
	})
}

// Claims changes the claims of all ID tokens to come; changes add up, and nil drops them.
func (s *Stage) Claims(change func(map[string]any)) { s.issuer.Claims(change) }

// Forge chooses what is wrong with the ID tokens to come.
func (s *Stage) Forge(f Forgery) { s.issuer.Forge(f) }

// Switch changes the index's behaviour from now on.
func (s *Stage) Switch(change func(*Switches)) { s.index.Switch(change) }

// SwitchSigstore changes the Sigstore's behaviour from now on.
func (s *Stage) SwitchSigstore(change func(*SigstoreSwitches)) { s.sigstore.Switch(change) }

// LogSize returns how many entries clients have made in the transparency log.
func (s *Stage) LogSize() int { return s.sigstore.Entries() }

// APIToken makes an API token of the stage's one user, for the projects named or for all.
func (s *Stage) APIToken(projects ...pep.Project) (string, error) {
	return s.index.APIToken(projects...)
}

// StandingToken is the API token for all projects that an earlier stage of the folder has made and kept, or a new one.
func (s *Stage) StandingToken() (string, error) { return s.index.StandingToken() }

// Has tells whether the index knows the project.
func (s *Stage) Has(project pep.Project) bool { return s.index.Has(project) }

// SetStatus changes a project's status: active, archived, archived-noindex or quarantined.
func (s *Stage) SetStatus(project pep.Project, status string) error {
	return s.index.SetStatus(project, status)
}

// Secrets returns every ID token issued, every upload token minted, and every credential that a client has presented to
// the index, narrowed tokens among them.
func (s *Stage) Secrets() []string {
	secrets := append(s.issuer.Issued(), s.index.Secrets()...)
	slices.Sort(secrets)
	return slices.Compact(secrets)
}

// Tokens returns the state of all upload tokens, in the order in which they were minted.
func (s *Stage) Tokens() []Token { return s.index.Tokens() }

// Files returns what the index holds, in the order in which it was uploaded.
func (s *Stage) Files() []File { return s.index.Files() }

// Provenance returns the document of a file's attestations as the integrity API serves it, without a request; nil where
// the file has none.
func (s *Stage) Provenance(file string) ([]byte, error) { return s.index.Provenance(file) }

// Remove deletes a file, as its owner can. Its name stays used for ever.
func (s *Stage) Remove(file string) error { return s.index.Remove(file) }

// Requests returns every request that any server has answered or is answering, in the order in which they began.
func (s *Stage) Requests() []Request { return s.journal.requests() }
