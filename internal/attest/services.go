package attest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// logVersion is the version of the log to use. The index refuses entries of version 2, which have no inclusion promise, until it
// supports signed timestamps (docs/reference/attestations.md §0 and §3.3). Version 2 also needs a
// timestamp authority and entries of another kind.
const logVersion = 1

// authorityVersion is the version of the certificate authority's interface, the only one that there is.
const authorityVersion = 1

// copiesAfter limits the total time of all requests for the trust root of the public good instance. After it, the built-in copies are used.
const copiesAfter = 30 * time.Second

// tufTime limits the total time of all requests for the trust root of another instance, of which there are no copies.
const tufTime = 5 * time.Minute

// services are the keys and addresses of one instance of Sigstore.
type services struct {
	trusted  root.TrustedMaterial
	fulcio   *url.URL
	rekor    *url.URL
	embedded bool // from the built-in copies, which may be out of date
}

// getServices returns the services. It requests them until a call succeeds, and then returns the stored result.
func (s *Signer) getServices(ctx context.Context) (*services, error) {
	s.trusting.Lock()
	defer s.trusting.Unlock()
	if s.services != nil {
		return s.services, nil
	}
	found, err := s.loadServices(ctx)
	if err != nil {
		return nil, err
	}
	s.services = found
	return found, nil
}

// loadServices requests the services from the TUF repository. For the public good instance it uses the built-in copies if the repository
// is not available, so that a release need not wait.
func (s *Signer) loadServices(ctx context.Context) (*services, error) {
	if s.opts.TrustedRoot != nil {
		return givenRoot(s.opts.TrustedRoot)
	}
	at, anchor := publicTUF, s.opts.Root
	if !s.public() {
		at = s.opts.TUF.String()
	}
	if anchor == nil {
		anchor = embeddedRoot
	}
	config, trusted, err := s.refresh(ctx, at, anchor)
	switch {
	case err == nil:
		return s.choose(config, trusted)
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case !s.public() && outdated(err):
		f := finding.New(finding.AttestationTrustRoot,
			"sigstore's trust root ("+wire.PlainURL(at)+") is not valid: "+err.Error(), "nothing was uploaded; "+newerVersion)
		f.Severity = finding.Error
		return nil, f
	case !s.public():
		return nil, s.wrapServiceError("sigstore's trust root ("+wire.PlainURL(at)+") is not available", err)
	}
	s.opts.Record(copiesUsed(err))
	config, err = root.NewSigningConfigFromJSON(copiedSigningConfig)
	if err != nil {
		return nil, err
	}
	if trusted, err = root.NewTrustedRootFromJSON(copiedTrustedRoot); err != nil {
		return nil, err
	}
	found, err := s.choose(config, trusted)
	if err == nil {
		found.embedded = true
	}
	return found, err
}

// givenRoot returns the keys in a trusted_root.json, without services to sign with.
func givenRoot(text []byte) (*services, error) {
	var trusted *root.TrustedRoot
	err := par.Catch(func() (err error) { // the library may panic on malformed input
		trusted, err = root.NewTrustedRootFromJSON(text)
		return err
	})
	if err != nil {
		return nil, finding.New(finding.TrustRootFile, "the trust root that was given cannot be read: "+err.Error(),
			"give a trusted_root.json, as Sigstore's TUF repository has it")
	}
	return &services{trusted: trusted}, nil
}

// newerVersion is the next step if a trust root is not valid: this program starts with a root of its own, and goes on from it.
const newerVersion = "use a newer version of this action, and check the clock of this machine"

// outdated reports whether a trust root is not valid because of its signatures or its age.
func outdated(err error) bool {
	var unsigned *metadata.ErrUnsignedMetadata
	var expired *metadata.ErrExpiredMetadata
	return errors.As(err, &unsigned) || errors.As(err, &expired)
}

// copiesUsed returns the warning that the built-in copies are used because the trust root cannot be.
func copiesUsed(err error) finding.Finding {
	if outdated(err) {
		return finding.New(finding.AttestationTrustRoot,
			"sigstore's trust root is not valid, so the built-in copy is used: "+err.Error(),
			newerVersion+"; the index verifies the attestations of this run in any case")
	}
	return finding.New(finding.AttestationTrustRoot,
		"sigstore's trust root is not available, so the built-in copy is used: "+err.Error(),
		"no action needed; check "+publicStatus+" if it persists; if the job has an egress filter, let it reach "+
			strings.TrimPrefix(publicTUF, "https://"))
}

// refresh updates the metadata of the repository from the anchor, in memory, and returns the signing config and the trust root.
func (s *Signer) refresh(ctx context.Context, at string, anchor []byte) (config *root.SigningConfig, trusted *root.TrustedRoot, err error) {
	most := tufTime
	if s.public() {
		most = copiesAfter
	}
	// The deadline cuts off what hangs. It is by the machine's clock, and the end of the tries by that of the run.
	bounded, stop := context.WithTimeoutCause(wire.Until(ctx, s.opts.Now().Add(most)), most, fmt.Errorf("no trust root within %v", most))
	defer stop()
	caught := par.Catch(func() error {
		client, err := tuf.New(&tuf.Options{
			Root: anchor, RepositoryBaseURL: at, DisableLocalCache: true,
			Fetcher: fetcher{ctx: bounded, wire: s.opts.Wire},
			// Even with the cache disabled, the library looks for one in the working directory. No file can exist at this path.
			CachePath: filepath.Join(os.DevNull, "none"),
		})
		if err != nil {
			return err
		}
		if config, err = root.GetSigningConfig(client); err != nil {
			return err
		}
		trusted, err = root.GetTrustedRoot(client)
		return err
	})
	return config, trusted, caught
}

// choose returns the services that are valid now.
func (s *Signer) choose(config *root.SigningConfig, trusted root.TrustedMaterial) (*services, error) {
	fulcio, err := s.service("certificate authority", config.FulcioCertificateAuthorityURLs(), []uint32{authorityVersion})
	if err != nil {
		return nil, err
	}
	rekor, err := s.service("transparency log", config.RekorLogURLs(), []uint32{logVersion})
	if err != nil {
		return nil, err
	}
	return &services{trusted: trusted, fulcio: fulcio, rekor: rekor}, nil
}

// service returns the URL of the service that is valid now, or a finding.
func (s *Signer) service(what string, all []root.Service, versions []uint32) (*url.URL, error) {
	chosen, err := root.SelectService(all, versions, s.opts.Now())
	var at *url.URL
	if err == nil {
		at, err = parseServiceURL(chosen.URL)
	}
	if err != nil {
		return nil, finding.New(finding.AttestationService,
			fmt.Sprintf("sigstore's signing config has no usable %s: %v", what, err),
			"use a newer version of this action, or publish with `attestations: false`")
	}
	return at, nil
}

// parseServiceURL parses the URL of a service. It returns an error if an ID token would be sent unencrypted over a network.
func parseServiceURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("its address cannot be read")
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%s is not a plain URL", wire.PlainURL(text))
	case wire.Private(u):
		return u, nil
	}
	return nil, fmt.Errorf("%s is not an https URL", wire.PlainURL(text))
}
