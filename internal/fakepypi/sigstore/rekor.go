package sigstore

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
)

// The transparency log's API (docs/reference/attestations.md §3.2): Rekor v1.

// rekorProblem is an answer with an error.
type rekorProblem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// answerRekorProblem writes an answer with an error.
func answerRekorProblem(w http.ResponseWriter, status int, format string, args ...any) {
	web.WriteJSON(w, status, rekorProblem{status, fmt.Sprintf(format, args...)})
}

// addEntry handles POST /api/v1/log/entries.
func (s *Sigstore) addEntry(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		answerRekorProblem(w, http.StatusBadRequest, "the request cannot be read")
		return
	}
	body, err := canonicalBody(text)
	if err != nil {
		answerRekorProblem(w, http.StatusBadRequest, "error processing entry: %v", err)
		return
	}
	if !wait(r.Context(), s.Behavior().Latency) {
		return // the client is gone
	}
	s.mu.Lock()
	e, known := s.log.add(body, s.now(), s.behavior.FreshLog)
	s.mu.Unlock()
	w.Header().Set("Location", entriesPath+"/"+s.uuid(e))
	if known {
		answerRekorProblem(w, http.StatusConflict, "an equivalent entry already exists in the transparency log with UUID %s", s.uuid(e))
		return
	}
	w.Header().Set("ETag", s.uuid(e))
	s.answerEntry(w, http.StatusCreated, e)
}

// wait waits for d and returns true. It returns false if ctx is cancelled before.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// getEntry handles GET /api/v1/log/entries/{uuid}. The UUID may lack the shard's id.
func (s *Sigstore) getEntry(w http.ResponseWriter, r *http.Request) {
	id := strings.ToLower(r.PathValue("id"))
	shard := fmt.Sprintf("%016x", s.treeID())
	raw, err := hex.DecodeString(strings.TrimPrefix(id, shard))
	if err != nil || len(raw) != len(hash{}) {
		answerRekorProblem(w, http.StatusBadRequest, "the UUID of an entry has 64 or 80 hexadecimal digits")
		return
	}
	s.mu.Lock()
	e := s.log.entries[hash(raw)]
	s.mu.Unlock()
	if e == nil {
		answerRekorProblem(w, http.StatusNotFound, "entry not found")
		return
	}
	s.answerEntry(w, http.StatusOK, e)
}

// logged is an entry as clients receive it, with a proof for the current tree.
type logged struct {
	Body         []byte       `json:"body"`
	Time         int64        `json:"integratedTime"`
	LogID        string       `json:"logID"`
	Index        int          `json:"logIndex"`
	Verification verification `json:"verification"`
}

type verification struct {
	Proof   proof  `json:"inclusionProof"`
	Promise []byte `json:"signedEntryTimestamp"`
}

type proof struct {
	Checkpoint string   `json:"checkpoint"`
	Hashes     []string `json:"hashes"`
	Index      int      `json:"logIndex"`
	Root       string   `json:"rootHash"`
	Size       int      `json:"treeSize"`
}

// answerEntry writes an entry as JSON.
func (s *Sigstore) answerEntry(w http.ResponseWriter, status int, e *entry) {
	l, err := s.present(e)
	if err != nil {
		answerRekorProblem(w, http.StatusInternalServerError, "%v", err)
		return
	}
	web.WriteJSON(w, status, map[string]logged{s.uuid(e): l})
}

// present returns an entry with its proofs. Behavior may make them wrong.
func (s *Sigstore) present(e *entry) (logged, error) {
	s.mu.Lock()
	behavior, leaves, index := s.behavior, slices.Clone(s.log.leaves), s.log.before+e.index
	s.mu.Unlock()
	id := s.rekor.id
	if behavior.WrongLogID {
		id[0] ^= 0xff
	}
	l := logged{Body: e.body, Time: e.at.Unix(), LogID: hex.EncodeToString(id[:]), Index: index}
	var err error
	if l.Verification.Promise, err = s.promise(l, behavior.BadSET); err != nil {
		return l, err
	}
	l.Verification.Proof, err = s.prove(e.index, leaves, behavior.BadProof)
	return l, err
}

// promise returns the signed entry timestamp: a signature over these four members in this order.
func (s *Sigstore) promise(l logged, forged bool) ([]byte, error) {
	canonical := fmt.Sprintf(`{"body":"%s","integratedTime":%d,"logID":"%s","logIndex":%d}`,
		base64.StdEncoding.EncodeToString(l.Body), l.Time, l.LogID, l.Index)
	return s.rekor.sign([]byte(canonical), forged)
}

// prove returns the proof of inclusion of leaf m. If wrong is set, the proof does not lead to the signed root.
func (s *Sigstore) prove(m int, leaves []hash, wrong bool) (proof, error) {
	root := rootOf(leaves)
	note, err := s.checkpoint(len(leaves), root)
	p := proof{Checkpoint: note, Hashes: []string{}, Index: m, Root: hex.EncodeToString(root[:]), Size: len(leaves)}
	for i, h := range pathOf(m, leaves) {
		if wrong && i == 0 {
			h[0] ^= 0xff
		}
		p.Hashes = append(p.Hashes, hex.EncodeToString(h[:]))
	}
	if wrong && len(p.Hashes) == 0 {
		p.Root = strings.Repeat("00", len(root))
	}
	return p, err
}

// canonicalBody checks a request for a log entry and returns the body that is logged (§3.2).
func canonicalBody(text []byte) ([]byte, error) {
	p, err := parseProposal(text)
	if err != nil {
		return nil, err
	}
	return json.Marshal(p.canonical())
}
