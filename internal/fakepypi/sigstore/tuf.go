package sigstore

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The repository of the trust root: TUF 1.0 with consistent snapshots. Clients start from a root that they already have.

const (
	rootRole, timestampRole, snapshotRole, targetsRole = "root", "timestamp", "snapshot", "targets"
	// metadataLife is how long metadata is valid; see the limitations of the package.
	metadataLife = 10 * 365 * 24 * time.Hour
)

func roles() []string { return []string{rootRole, timestampRole, snapshotRole, targetsRole} }

// tufKey is the signing key of one role.
type tufKey struct {
	private ed25519.PrivateKey
	public  map[string]any
	id      string
}

// newTUFKey returns a new key.
func newTUFKey() (tufKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tufKey{}, err
	}
	k := tufKey{private: private, public: map[string]any{
		"keytype": "ed25519", "scheme": "ed25519", "keyval": map[string]any{"public": hex.EncodeToString(public)},
	}}
	text, err := canonical(k.public)
	k.id = sum(text)
	return k, err
}

// sum returns the SHA-256 of data in hex.
func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

// canonical returns v as canonical JSON: sorted keys, no spaces. The values here are numbers, and strings without quotes and control
// characters, which need nothing else.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// repository has the keys of the roles and the served files by state and name. The state TrustInOrder has all files; each other state has
// those that differ.
type repository struct {
	keys  map[string]tufKey
	until time.Time
	first []byte // the first root, which clients get by other means
	files map[TrustRootState]map[string][]byte
}

// newRepository returns a repository with new keys, that has its first root and no files yet.
func newRepository(now time.Time, initial TrustRootState) (*repository, error) {
	r := &repository{keys: map[string]tufKey{}, until: now.Add(metadataLife), files: map[TrustRootState]map[string][]byte{}}
	var err error
	for _, role := range roles() {
		if r.keys[role], err = newTUFKey(); err != nil {
			return nil, err
		}
	}
	until := r.until
	if initial == TrustRenewed {
		until = past(now)
	}
	r.first, err = r.root(1, until).signed()
	return r, err
}

// past is when metadata that has expired did so.
func past(now time.Time) time.Time { return now.Add(-time.Hour) }

// root returns a root that names the keys.
func (r *repository) root(version int, until time.Time) metadata {
	return metadata{rootRole, version, until, r.keys[rootRole], r.trusts()}
}

// publish makes the files of all states.
func (r *repository) publish(targets map[string][]byte, now time.Time) error {
	files, listed := map[string][]byte{}, map[string]any{}
	for name, text := range targets {
		listed[name] = map[string]any{"length": len(text), "hashes": map[string]any{"sha256": sum(text)}}
		files["targets/"+sum(text)+"."+name] = text
	}
	rogue, failed := newTUFKey() // with the id of the timestamp's key, but another private key
	rogue.id = r.keys[timestampRole].id
	put := func(state TrustRootState, name string, m metadata) []byte {
		text, err := m.signed()
		failed = errors.Join(failed, err)
		if r.files[state] == nil {
			r.files[state] = map[string][]byte{}
		}
		r.files[state][name] = text
		return text
	}
	r.files[TrustInOrder] = files
	list := put(TrustInOrder, "1.targets.json", metadata{targetsRole, 1, r.until, r.keys[targetsRole], map[string]any{"targets": listed}})
	snapshot := put(TrustInOrder, "1.snapshot.json",
		metadata{snapshotRole, 1, r.until, r.keys[snapshotRole], pointer("targets.json", list)})
	latest := pointer("snapshot.json", snapshot)
	put(TrustInOrder, "timestamp.json", metadata{timestampRole, 1, r.until, r.keys[timestampRole], latest})
	put(TrustStale, "timestamp.json", metadata{timestampRole, 1, past(now), r.keys[timestampRole], latest})
	put(TrustForged, "timestamp.json", metadata{timestampRole, 1, r.until, rogue, latest})
	put(TrustInOrder, "1.root.json", r.root(1, r.until))
	put(TrustExpired, "2.root.json", r.root(2, past(now)))
	put(TrustRenewed, "1.root.json", r.root(1, past(now)))
	put(TrustRenewed, "2.root.json", r.root(2, r.until))
	return failed
}

// pointer returns how one metadata file refers to the next.
func pointer(name string, text []byte) map[string]any {
	return map[string]any{"meta": map[string]any{name: map[string]any{
		"version": 1, "length": len(text), "hashes": map[string]any{"sha256": sum(text)},
	}}}
}

// trusts returns the keys and roles in a root: one key for each role.
func (r *repository) trusts() map[string]any {
	keys, trusted := map[string]any{}, map[string]any{}
	for role, key := range r.keys {
		keys[key.id] = key.public
		trusted[role] = map[string]any{"keyids": []string{key.id}, "threshold": 1}
	}
	return map[string]any{"consistent_snapshot": true, "keys": keys, "roles": trusted}
}

// metadata is a metadata file of one role, not yet signed.
type metadata struct {
	role    string
	version int
	until   time.Time
	key     tufKey
	fields  map[string]any
}

// signed returns the file with its signature.
func (m metadata) signed() ([]byte, error) {
	fields := maps.Clone(m.fields)
	fields["_type"], fields["version"], fields["spec_version"] = m.role, m.version, "1.0.31"
	fields["expires"] = m.until.UTC().Format(time.RFC3339)
	text, err := canonical(fields)
	if err != nil {
		return nil, err
	}
	signature := hex.EncodeToString(ed25519.Sign(m.key.private, text))
	return canonical(map[string]any{
		"signed":     json.RawMessage(text),
		"signatures": []any{map[string]any{"keyid": m.key.id, "sig": signature}},
	})
}

// serveMetadata handles GET /tuf/…. A client finds the newest root by a 404 for the next one.
func (s *Sigstore) serveMetadata(w http.ResponseWriter, r *http.Request) {
	state := s.Behavior().TrustRoot
	if state == TrustNotServed {
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, tufPath)
	text := s.metadata.files[state][name]
	if text == nil {
		text = s.metadata.files[TrustInOrder][name]
	}
	if text == nil {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // it fails if the client is gone: no action needed
}

// Root returns the first root of the TUF repository, which clients get by other means. It has expired if the instance was started with
// [TrustRenewed].
func (s *Sigstore) Root() []byte { return slices.Clone(s.metadata.first) }

// TrustURL returns the address of the TUF repository.
func (s *Sigstore) TrustURL() string { return s.url + strings.TrimSuffix(tufPath, "/") }
