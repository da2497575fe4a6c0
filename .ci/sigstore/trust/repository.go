package trust

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// lifetime is how long the metadata of a repository is good.
const lifetime = 24 * time.Hour

// Repository is a TUF repository (specification 1.0 with consistent snapshots) that has been rotated once: a client that
// starts from Root must walk to the second root, which another key has signed too, before it can trust anything else.
type Repository struct {
	URL  string
	Root []byte // the first root.json, which a client has to begin with
}

// Publish serves the targets on a free port of loopback until ctx ends.
func Publish(ctx context.Context, targets map[string][]byte, now time.Time) (*Repository, error) {
	files, err := files(targets, now)
	if err != nil {
		return nil, fmt.Errorf("TUF repository: %w", err)
	}
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{ReadTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, found := files[strings.TrimPrefix(r.URL.Path, "/")]
		if !found {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(file) // the client may be gone; no action needed
	})}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(at) }() // ends with ctx
	return &Repository{URL: "http://" + at.Addr().String(), Root: files["1.root.json"]}, nil
}

// key is a signing key of the repository.
type key struct {
	signer signature.Signer
	public *metadata.Key
}

func newKey() (key, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return key{}, err
	}
	signer, err := signature.LoadSigner(private, crypto.Hash(0))
	if err != nil {
		return key{}, err
	}
	k, err := metadata.KeyFromPublicKey(public)
	return key{signer, k}, err
}

// files makes all files of the repository, by path.
func files(targets map[string][]byte, now time.Time) (map[string][]byte, error) {
	expires := now.Add(lifetime)
	keys := map[string]key{}
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP, "next " + metadata.ROOT} {
		var err error
		if keys[role], err = newKey(); err != nil {
			return nil, err
		}
	}
	files := map[string][]byte{}
	if err := addRoots(files, keys, expires); err != nil {
		return nil, err
	}
	list := metadata.Targets(expires)
	for name, content := range targets {
		target, err := metadata.TargetFile().FromBytes(name, content, "sha256")
		if err != nil {
			return nil, err
		}
		list.Signed.Targets[name] = target
		files["targets/"+hex.EncodeToString(target.Hashes["sha256"])+"."+name] = content
	}
	return files, firstError(
		add(files, "1.targets.json", list, keys[metadata.TARGETS]),
		add(files, "1.snapshot.json", metadata.Snapshot(expires), keys[metadata.SNAPSHOT]),
		add(files, "timestamp.json", metadata.Timestamp(expires), keys[metadata.TIMESTAMP]),
	)
}

// addRoots makes the first root and the second, in which the root's key has been replaced.
func addRoots(files map[string][]byte, keys map[string]key, expires time.Time) error {
	root := metadata.Root(expires)
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		if err := root.Signed.AddKey(keys[role].public, role); err != nil {
			return err
		}
	}
	before, after := keys[metadata.ROOT], keys["next "+metadata.ROOT]
	if err := add(files, "1.root.json", root, before); err != nil {
		return err
	}
	id, err := before.public.ID()
	if err != nil {
		return err
	}
	root.ClearSignatures()
	root.Signed.Version++
	return firstError(
		root.Signed.RevokeKey(id, metadata.ROOT),
		root.Signed.AddKey(after.public, metadata.ROOT),
		add(files, "2.root.json", root, before, after),
	)
}

// add signs a role's metadata and keeps it under the path.
func add[T metadata.Roles](files map[string][]byte, path string, role *metadata.Metadata[T], by ...key) error {
	for _, k := range by {
		if _, err := role.Sign(k.signer); err != nil {
			return err
		}
	}
	var err error
	files[path], err = role.ToBytes(false)
	return err
}

func firstError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
