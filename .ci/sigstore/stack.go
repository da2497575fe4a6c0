package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/org/pypi-oidc-publish/ci/sigstore/ctlog"
	"github.com/org/pypi-oidc-publish/ci/sigstore/issuer"
	"github.com/org/pypi-oidc-publish/ci/sigstore/memlog"
	"github.com/org/pypi-oidc-publish/ci/sigstore/trust"
)

// stack is a running Sigstore.
type stack struct {
	folder  string // for logs, keys and sockets
	tokens  string // where ID tokens come from
	tuf     *trust.Repository
	fulcio  *process
	rekor   *process
	started map[string]time.Duration // how long a program took to be ready

	trusting []string // environment of a program that is to find and trust the issuer's keys
	trust.Services
}

// begin starts all services; they end with ctx.
func begin(ctx context.Context, folder, fulcio, fulcioConfig, rekor string) (*stack, error) {
	s := &stack{folder: folder, started: map[string]time.Duration{}}
	if err := s.startFulcio(ctx, fulcio, fulcioConfig); err != nil {
		return s, err
	}
	if err := s.startRekor(ctx, rekor); err != nil {
		return s, err
	}
	return s, s.publish(ctx)
}

// startFulcio starts the issuer and the certificate log, and then Fulcio, which needs both.
func (s *stack) startFulcio(ctx context.Context, program, config string) error {
	ids, err := issuer.Start(ctx)
	if err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	log, err := ctlog.Start(ctx)
	if err != nil {
		return fmt.Errorf("certificate log: %w", err)
	}
	s.tokens, s.CTLog, s.CTKey = ids.Tokens, log.URL, log.Key
	authority, ctKey := filepath.Join(s.folder, "issuer.pem"), filepath.Join(s.folder, "ctlog.pem")
	if err := os.WriteFile(authority, ids.Authority, 0o600); err != nil {
		return err
	}
	if err := writePEM(ctKey, "PUBLIC KEY", log.Key); err != nil {
		return err
	}
	s.trusting = []string{"HTTPS_PROXY=" + ids.Proxy, "https_proxy=" + ids.Proxy, "SSL_CERT_FILE=" + authority, "SSL_CERT_DIR=" + s.folder}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	s.Fulcio = "http://127.0.0.1:" + ports[0]
	// ephemeralca is an authority that lives as long as the process. The socket's default path is one for all processes.
	s.fulcio, err = start(
		ctx, s.folder, s.trusting, program,
		"serve", "--ca", "ephemeralca", "--config-path", config, "--log_type", "prod",
		"--host", "127.0.0.1", "--port", ports[0], "--grpc-host", "127.0.0.1", "--grpc-port", ports[1], "--metrics-port", ports[2],
		"--ct-log-url", log.URL, "--ct-log-public-key-path", ctKey,
		"--legacy-unix-domain-socket", filepath.Join(s.folder, "fulcio.sock"),
	)
	if err != nil {
		return err
	}
	bundle := s.Fulcio + "/api/v2/trustBundle"
	if s.started["fulcio"], err = s.fulcio.ready(ctx, bundle); err != nil {
		return err
	}
	s.Chain, err = chain(ctx, bundle)
	return err
}

// startRekor starts the Merkle tree and then Rekor, which makes itself a log in it.
func (s *stack) startRekor(ctx context.Context, program string) error {
	tree, err := memlog.Start(ctx)
	if err != nil {
		return fmt.Errorf("the Merkle tree: %w", err)
	}
	signer := filepath.Join(s.folder, "rekor.pem")
	if s.LogKey, err = newSigner(signer); err != nil {
		return err
	}
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	s.Rekor = "http://127.0.0.1:" + ports[0]
	// The name in its checkpoints must be that of its address, since some verifiers compare them. Its metrics are on port 2112
	// whatever one says; when that is taken, Rekor goes on without.
	s.rekor, err = start(
		ctx, s.folder, nil, program,
		"serve", "--trillian_log_server.address", "127.0.0.1", "--trillian_log_server.port", strconv.Itoa(tree),
		"--rekor_server.address", "127.0.0.1", "--port", ports[0], "--rekor_server.hostname", "127.0.0.1", "--rekor_server.signer", signer,
		"--enable_retrieve_api=false", "--enabled_entry_types", "dsse,hashedrekord", "--log_type", "prod",
	)
	if err != nil {
		return err
	}
	s.started["rekor"], err = s.rekor.ready(ctx, s.Rekor+"/ping")
	return err
}

// publish announces the services to clients, by TUF.
func (s *stack) publish(ctx context.Context) error {
	now := time.Now()
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	s.Retired = "http://127.0.0.1:" + ports[0]
	root, err := s.Root(now)
	if err != nil {
		return err
	}
	config, err := s.Config(now)
	if err != nil {
		return err
	}
	s.tuf, err = trust.Publish(ctx, map[string][]byte{"trusted_root.json": root, "signing_config.v0.2.json": config}, now)
	return err
}

// chain returns the certificates of Fulcio's authority, the root last.
func chain(ctx context.Context, address string) ([][]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var bundle struct {
		Chains []struct{ Certificates []string }
	}
	if err := json.NewDecoder(response.Body).Decode(&bundle); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	if len(bundle.Chains) != 1 {
		return nil, fmt.Errorf("%s has %d chains", address, len(bundle.Chains))
	}
	var all [][]byte
	for _, text := range bundle.Chains[0].Certificates {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, fmt.Errorf("%s: not PEM: %.40q", address, text)
		}
		all = append(all, block.Bytes)
	}
	return all, nil
}

// newSigner writes a new P-256 key to a file (PKCS #8) and returns its public part.
func newSigner(path string) (public []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(path, "PRIVATE KEY", private); err != nil {
		return nil, err
	}
	return x509.MarshalPKIXPublicKey(key.Public())
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
