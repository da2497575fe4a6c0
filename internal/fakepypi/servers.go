// Package fakepypi is a test environment: a package index, an ID token issuer, a Sigstore instance and GitHub's API of releases on
// loopback. A client reaches them over real HTTP with real cryptography, and they apply the rules of the real services.
//
// # Goals
//
// A client that works with the test environment works with PyPI, and one that would fail with PyPI fails here, with the same messages.
// The test environment is strict by default. Each misbehaviour is a switch, and each failure of a network or a server is a fault
// ([Servers.InjectFault]). It records requests, tokens, files and secrets, so that a test can check afterwards what really happened. The
// index, the issuer, the Sigstore, GitHub's API and its storage of assets are five servers on five ports, and talk to each other over
// HTTP only.
// The index alone is configured with what it trusts, as PyPI is.
//
// # Limitations
//
// HTTP on loopback, with TLS at one address on request; no CDN, no HTTP/2. The packages warehouse, issuer, sigstore and releases document
// their own limitations.
package fakepypi

import (
	"cmp"
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
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

// Run describes the workflow run that the ID tokens and the environment variables are about.
type Run = issuer.Run

// Behavior change the behaviour of the index.
type Behavior = warehouse.Behavior

// SigstoreBehavior change the behaviour of the Sigstore.
type SigstoreBehavior = sigstore.Behavior

// Profile selects the kind of index.
type Profile = warehouse.Profile

// GitHubIssuer is the issuer of the ID tokens of GitHub Actions. A test server that uses it for its own tokens lets verifiers that require
// GitHub as the issuer accept what was signed with its Sigstore; no other service accepts its tokens, because it has other keys.
const GitHubIssuer = "https://token.actions.githubusercontent.com"

// The profiles.
const (
	PyPI                = warehouse.PyPI
	TestPyPI            = warehouse.TestPyPI
	NoTrustedPublishing = warehouse.NoTrustedPublishing
	Plain               = warehouse.Plain
)

// Races says which requests that race each other lose.
type Races = warehouse.Races

// The kinds of races.
const (
	RacesEvery = warehouse.RacesEvery
	RacesHalf  = warehouse.RacesHalf
	RacesNone  = warehouse.RacesNone
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

// TokenDefect is a defect of an ID token's header or signature.
type TokenDefect = issuer.TokenDefect

// Login holds the user name and password for a plain index.
type Login = warehouse.Login

// Token describes one upload token that the index has issued.
type Token = warehouse.Token

// File describes one file that the index has.
type File = warehouse.File

// Audience is the default audience of ID tokens. It differs from PyPI's: a client must never give a token that is valid for PyPI to
// another host that only asks for one.
const Audience = "rehearsal"

// User and Password are the default credentials of a plain index.
const (
	User     = "rehearser"
	Password = "correct-horse-battery" // for an index on loopback
)

// Options configure a test environment. Only Now is required.
type Options struct {
	Dir      string           // where files are stored; empty means a temporary folder that Close removes
	Keep     bool             // with Dir: store the index's content there for the next start; the Sigstore is new each time
	URL      string           // scheme and host at which clients reach the index; empty means those of its listener
	TLS      bool             // the index's address answers with TLS only, with a certificate of an authority of its own
	OnePort  bool             // the index's address also serves the issuer, Sigstore and GitHub, whose own ones are on loopback
	Issuer   string           // the `iss` of ID tokens; empty means the address at which they are requested
	Audience string           // of ID tokens; empty means [Audience]
	Now      func() time.Time // the clock of all servers
	Run      Run              // the workflow run that requests ID tokens
	Key      *rsa.PrivateKey  // of the issuer; nil makes a new one, which takes a moment: tests may share one
	Profile  Profile          // the kind of index; the default is PyPI
	Login    Login            // for a plain index; empty parts mean [User] and [Password]
	Ended    func(Request)    // called with every request that has ended, by several goroutines at once; may be nil
	Control  bool             // serve [fault.ControlPath] and [ControlPath] at the index
	Behavior Behavior
	Sigstore SigstoreBehavior
}

// Servers is a running test environment.
type Servers struct {
	Upload *url.URL // the upload endpoint: /legacy/, or /upload/ of a plain index
	Simple *url.URL // the simple index, /simple/
	TUF    *url.URL // the Sigstore's TUF repository, which names its other services
	// Authority is the certificate of the authority that issued the index's certificate, in PEM; nil without [Options.TLS].
	Authority []byte
	Root      []byte // the first root of that repository, which a TUF client needs
	// GitHub has the releases of the run's repository. It has none until one is added.
	GitHub *releases.GitHub
	// Env has the environment variables that make a process look like a step of the run, with permission to request ID tokens. It also
	// has the Sigstore to use, see [TUFURL] and [TUFRoot], and the token of the run's job, see [GitHubToken].
	Env map[string]string

	issuerURL string // the `iss` of ID tokens

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

// The variables of [Servers.Env] that make a client use the Sigstore of the test environment instead of the public instance.
const (
	TUFURL  = "PYPI_OIDC_PUBLISH_TUF_URL"  // the address of the TUF repository
	TUFRoot = "PYPI_OIDC_PUBLISH_TUF_ROOT" // its root.json in base64
)

// Rules is the variable of [Servers.Env] that says that the index has PyPI's rules. A plain index has none.
const Rules = "PYPI_OIDC_PUBLISH_RULES"

// Start starts a test environment: the index on addr (such as "127.0.0.1:0"), the other servers on other ports of the same host. It runs
// until ctx is cancelled or Close is called. Start fails if an option is invalid or a server cannot listen.
func Start(ctx context.Context, addr string, o Options) (*Servers, error) {
	if o.Now == nil {
		return nil, errors.New("a test server needs a clock")
	}
	s := &Servers{run: o.Run.Complete(), keeps: o.Keep, journal: journal{now: o.Now, ended: o.Ended}, faults: newInjector(o.Now)}
	if err := s.open(ctx, addr, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.unwatch = context.AfterFunc(ctx, s.shut)
	return s, nil
}

// open starts all servers.
func (s *Servers) open(ctx context.Context, addr string, o Options) error {
	dir, err := s.folder(o)
	if err != nil {
		return err
	}
	front, err := s.listen(ctx, addr)
	if err != nil {
		return err
	}
	own := front.url()
	if o.TLS {
		own = "https" + strings.TrimPrefix(own, "http")
	}
	base, host := cmp.Or(o.URL, own), front.host()
	if o.TLS {
		if err := s.secure(front, base, o.Now()); err != nil {
			return err
		}
	}
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
	requestURL, signs := back.url(), side.url()
	if o.OnePort {
		requestURL, signs = base, base
	}
	s.issuerURL = cmp.Or(o.Issuer, requestURL)
	s.issuer = issuer.New(issuer.Options{URL: s.issuerURL, RequestURL: requestURL, Now: o.Now, Run: s.run, Key: o.Key})
	if err := s.build(dir, signs, strings.TrimPrefix(back.url(), "http://"), o); err != nil {
		return err
	}
	if err := s.address(base, o.Profile); err != nil {
		return err
	}
	if err := s.openGitHub(ctx, host, base, o.URL == "" && !o.TLS && front.loopback(), o); err != nil {
		return err
	}
	var index http.Handler = s.index
	if o.OnePort {
		index = s.GitHub.Beside(s.sigstore.Beside(s.issuer.Beside(s.index)))
	}
	s.answer(front, behindProxy(base, index), Connect, o.Control)
	s.answer(back, s.issuer, ConnectIssuer, false)
	s.answer(side, s.sigstore, ConnectSigstore, false)
	return nil
}

// folder returns the folder for the index's files. Without one in the options it makes a temporary one.
func (s *Servers) folder(o Options) (string, error) {
	if o.Dir != "" {
		return o.Dir, nil
	}
	if o.Keep {
		return "", errors.New("a test server that keeps its files needs a folder for them")
	}
	var err error
	s.remove, err = os.MkdirTemp("", "rehearsal-")
	return s.remove, err
}

// build creates the Sigstore, with the address signs for clients, and the index, which trusts the Sigstore. Both accept the ID tokens of
// the issuer, whose documents they fetch from the host issuerAt: the address for clients may be one that this machine does not know.
func (s *Servers) build(dir, signs, issuerAt string, o Options) error {
	var err error
	s.sigstore, err = sigstore.New(sigstore.Options{
		URL: signs, Issuer: s.issuerURL, IssuerAt: issuerAt, Now: o.Now, Behavior: o.Sigstore,
	})
	if err != nil {
		return err
	}
	s.index, err = warehouse.New(warehouse.Options{
		Dir: dir, Keep: o.Keep, Now: o.Now, Audience: cmp.Or(o.Audience, Audience), Issuer: s.issuerURL, IssuerAt: issuerAt,
		Behavior: o.Behavior,
		Profile:  o.Profile, Login: Login{User: cmp.Or(o.Login.User, User), Password: cmp.Or(o.Login.Password, Password)},
		Sigstore: s.sigstore.TrustedRoot,
	})
	return err
}

// listen opens the listener of one more server.
func (s *Servers) listen(ctx context.Context, addr string) (*server, error) {
	opened, err := listen(ctx, addr)
	if err == nil {
		s.servers = append(s.servers, opened)
	}
	return opened, err
}

// address sets the addresses and variables that clients need.
func (s *Servers) address(base string, p Profile) error {
	for at, text := range map[**url.URL]string{
		&s.Upload: base + p.UploadPath(), &s.Simple: base + "/simple/", &s.TUF: s.sigstore.TrustURL(),
	} {
		var err error
		if *at, err = url.Parse(text); err != nil {
			return err
		}
	}
	s.Root, s.Env = s.sigstore.Root(), s.issuer.Env()
	if p != Plain {
		s.Env[Rules] = "pypi"
	}
	s.Env[TUFURL], s.Env[TUFRoot] = s.TUF.String(), base64.StdEncoding.EncodeToString(s.Root)
	return nil
}

// Close stops all servers and waits for every connection and handler. It may be called more than once. It returns the errors of stopping
// and of writing what the index stores.
func (s *Servers) Close() error {
	if s.unwatch != nil {
		s.unwatch()
	}
	s.shut()
	return s.closed
}

// shut stops everything, once.
func (s *Servers) shut() {
	s.closing.Do(func() {
		s.faults.Close() // no handler waits after this
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

var errBusy = errors.New("the servers cannot be reset while they answer a request")

// Reset makes the servers as if they had just been started, at the same addresses, with the same keys and the same [Servers.Env]: without
// publishers, projects, files, tokens, log entries, releases, faults and recorded requests, and with the first switches. A test that needs
// many servers can use one after the other in less time. Requests on their way, of clients that have gone, are waited for. It is an error
// while a request is being answered, and with [Options.Keep].
func (s *Servers) Reset(ctx context.Context) error {
	if s.keeps {
		return errors.New("servers that keep what they hold cannot be reset")
	}
	if s.journal.busy() {
		return errBusy
	}
	s.faults.Clear()
	for _, server := range s.servers {
		if err := server.drain(ctx); err != nil {
			return fmt.Errorf("the servers cannot be reset while connections are open: %w", err)
		}
	}
	if !s.journal.reset() {
		return errBusy
	}
	s.issuer.Reset()
	s.sigstore.Reset()
	s.GitHub.Reset()
	return s.index.Reset()
}

// Publisher describes a Trusted Publisher. Empty fields are set from the test environment's run, except Environment.
type Publisher struct {
	Owner, OwnerID string
	Repository     string      // without the owner
	Workflow       string      // file name
	Environment    string      // empty means any
	Project        pep.Project // the project that it may upload to
	Pending        bool        // the project does not exist yet; the first mint creates it
}

// AddPublisher registers a publisher. Unless the publisher is pending, it creates its project if that does not exist. It fails for a
// second pending publisher with the same owner, repository, workflow and environment, and if the change cannot be written to disk.
func (s *Servers) AddPublisher(p Publisher) error {
	_, repository, _ := strings.Cut(s.run.Repository, "/")
	return s.index.AddPublisher(warehouse.Publisher{
		Owner:       cmp.Or(p.Owner, s.run.Owner()),
		OwnerID:     cmp.Or(p.OwnerID, s.run.OwnerID),
		Repository:  cmp.Or(p.Repository, repository),
		Workflow:    cmp.Or(p.Workflow, s.run.Workflow),
		Environment: p.Environment,
		Project:     p.Project,
		Pending:     p.Pending,
	})
}

// Claims adds a change to the claims of all later ID tokens; nil removes all changes.
func (s *Servers) Claims(change func(map[string]any)) { s.issuer.Claims(change) }

// Forge selects the defect of all later ID tokens.
func (s *Servers) Forge(f TokenDefect) { s.issuer.Forge(f) }

// Switch changes the index's behaviour.
func (s *Servers) Switch(change func(*Behavior)) { s.index.Switch(change) }

// SwitchSigstore changes the Sigstore's behaviour.
func (s *Servers) SwitchSigstore(change func(*SigstoreBehavior)) { s.sigstore.Switch(change) }

// LogSize returns the number of entries that clients have added to the transparency log.
func (s *Servers) LogSize() int { return s.sigstore.Entries() }

// APIToken creates and returns an API token of the index's only user, for the projects named or, without any, for all. It fails if the
// token cannot be written to disk.
func (s *Servers) APIToken(projects ...pep.Project) (string, error) {
	return s.index.APIToken(projects...)
}

// PersistentToken returns the API token for all projects that an earlier start with this folder has stored, or a new one.
func (s *Servers) PersistentToken() (string, error) { return s.index.PersistentToken() }

// Has reports whether the index knows the project.
func (s *Servers) Has(project pep.Project) bool { return s.index.Has(project) }

// SetStatus sets a project's status to active, archived, archived-noindex or quarantined. It fails for any other status, and if the
// change cannot be written to disk.
func (s *Servers) SetStatus(project pep.Project, status string) error {
	return s.index.SetStatus(project, status)
}

// Issuer returns the issuer of ID tokens, which the Sigstore's certificates name: the `iss` of the tokens.
func (s *Servers) Issuer() string { return s.issuerURL }

// TrustedRoot returns the keys of the Sigstore as a trusted_root.json, for clients that verify without its TUF repository.
func (s *Servers) TrustedRoot() ([]byte, error) { return s.sigstore.TrustedRoot() }

// Yank yanks a release for a reason, as the project's owner can. It fails if there is no such release, and if the change cannot be written
// to disk.
func (s *Servers) Yank(release pep.Release, reason string) error {
	return s.index.Yank(release, reason)
}

// Distrust removes all publishers of a project, and the upload tokens of those that are left without a project. It fails if the change
// cannot be written to disk.
func (s *Servers) Distrust(project pep.Project) error { return s.index.Distrust(project) }

// Secrets returns every ID token and upload token issued, and every credential that a client has presented to the index, restricted
// tokens included.
func (s *Servers) Secrets() []string {
	secrets := append(s.issuer.Issued(), s.index.Secrets()...)
	slices.Sort(secrets)
	return slices.Compact(secrets)
}

// Tokens returns all upload tokens, oldest first.
func (s *Servers) Tokens() []Token { return s.index.Tokens() }

// Files returns all files of the index in upload order.
func (s *Servers) Files() []File { return s.index.Files() }

// Provenance returns the provenance document of a file as the integrity API serves it, without a request. It returns nil if there is no
// such file, or the file has no attestations.
func (s *Servers) Provenance(file string) ([]byte, error) { return s.index.Provenance(file) }

// Remove deletes a file, as the project's owner can. Its name can never be used again.
func (s *Servers) Remove(file string) error { return s.index.Remove(file) }

// Requests returns every request that a server has answered or is answering, in the order in which they began.
func (s *Servers) Requests() []Request { return s.journal.requests() }
