package attestation

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// logEntry is an entry of a transparency log: protobuf JSON of dev.sigstore.rekor.v1.TransparencyLogEntry.
type logEntry struct {
	index         int64 // in the log
	logID         []byte
	kind, version string
	time          int64  // seconds since 1970; 0 if it is missing
	promise       []byte // the signed entry timestamp; nil if it is missing
	proof         inclusion
	body          []byte
}

// inclusion is a proof that an entry is in a Merkle tree.
type inclusion struct {
	index, size int64 // in the tree
	root        []byte
	hashes      [][]byte
	checkpoint  string
}

// errEntry is returned for an entry that cannot be parsed. It is not a VerificationError, because PyPI has no message of its own for that
// (docs/reference/pypi-server.md §5.1 row 7).
var errEntry = errors.New("invalid transparency log entry")

// parseEntry returns the entry in raw. Every member is required, except the time, the promise and the hashes. The error is errEntry.
func parseEntry(raw json.RawMessage) (logEntry, error) {
	f, err := parseObject(raw)
	if err != nil {
		return logEntry{}, errEntry
	}
	r := &entryReader{}
	kind, id, proof := r.object(f, "kindVersion"), r.object(f, "logId"), r.object(f, "inclusionProof")
	e := logEntry{
		index: r.number(f, "logIndex"), logID: r.bytes(id, "keyId"), kind: r.text(kind, "kind"), version: r.text(kind, "version"),
		body: r.bytes(f, "canonicalizedBody"),
		proof: inclusion{
			index: r.number(proof, "logIndex"), size: r.number(proof, "treeSize"), root: r.bytes(proof, "rootHash"),
			checkpoint: r.text(r.object(proof, "checkpoint"), "envelope"), hashes: r.hashes(proof),
		},
	}
	if f.get("integratedTime") != nil {
		e.time = r.number(f, "integratedTime")
	}
	if f.get("inclusionPromise") != nil {
		e.promise = r.bytes(r.object(f, "inclusionPromise"), "signedEntryTimestamp")
	}
	if r.failed || e.proof.checkpoint == "" {
		return logEntry{}, errEntry
	}
	return e, nil
}

// entryReader reads the members of an entry and remembers whether one was missing or invalid.
type entryReader struct{ failed bool }

func (r *entryReader) object(f object, name string) object {
	v, err := f.object(name)
	r.failed = r.failed || err != nil
	return v
}

func (r *entryReader) text(f object, name string) string {
	v, err := f.text(name)
	r.failed = r.failed || err != nil
	return v
}

func (r *entryReader) bytes(f object, name string) []byte {
	v, err := f.bytes(name)
	r.failed = r.failed || err != nil
	return v
}

func (r *entryReader) number(f object, name string) int64 {
	v, err := f.number(name)
	r.failed = r.failed || err != nil
	return v
}

// hashes returns the hashes of a proof; the member may be missing.
func (r *entryReader) hashes(f object) [][]byte {
	raw := f.get("hashes")
	if raw == nil {
		return nil
	}
	var texts []string
	if json.Unmarshal(raw, &texts) != nil {
		r.failed = true
	}
	all := make([][]byte, len(texts))
	for i, text := range texts {
		var err error
		all[i], err = parseBase64(text)
		r.failed = r.failed || err != nil
	}
	return all
}

// verify checks the entry with the log's keys: the inclusion proof, the checkpoint, and the promise.
func (e logEntry) verify(keys keyring) error {
	if err := e.proof.verify(e.body); err != nil {
		return err
	}
	if err := e.checkpointSigned(keys); err != nil {
		return err
	}
	canonical := fmt.Sprintf(`{"body":"%s","integratedTime":%d,"logID":"%s","logIndex":%d}`,
		base64.StdEncoding.EncodeToString(e.body), e.time, hex.EncodeToString(e.logID), e.index)
	if err := keys.verify(e.logID, e.promise, []byte(canonical)); err != nil {
		return VerificationError(fmt.Sprintf("invalid inclusion promise: %v", err))
	}
	return nil
}

// noteSignature matches a signature line of a signed note.
var noteSignature = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\x{2014} (\S+) ([0-9A-Za-z+/=-]+)\n`) })

// checkpointSigned returns an error unless the log has signed a checkpoint with the root of the inclusion proof.
func (e logEntry) checkpointSigned(keys keyring) error {
	note := e.proof.checkpoint
	if strings.Count(note, "\n\n") != 1 {
		return VerificationError("note must contain one blank line, delineating the text from the signature block")
	}
	text, seals, _ := strings.Cut(note, "\n\n")
	text += "\n"
	lines := noteSignature().FindAllStringSubmatch(seals, -1)
	if len(lines) == 0 {
		return VerificationError("malformed Note: no signatures found")
	}
	for _, line := range lines {
		raw, err := parseBase64(line[2])
		if err != nil || len(raw) < 5 {
			return VerificationError("malformed Note: signature cannot be decoded")
		}
		if len(e.logID) < 4 || string(raw[:4]) != string(e.logID[:4]) {
			return VerificationError("sig_hash hint does not match expected key_id")
		}
		if err := keys.verify(e.logID, raw[4:], []byte(text)); err != nil {
			return VerificationError(fmt.Sprintf("checkpoint: invalid signature: %v", err))
		}
	}
	return e.checkpointRoot(strings.Split(strings.TrimSpace(text), "\n"))
}

// checkpointRoot compares the root of the proof with that of the note, which is the third line, after the origin and the size.
func (e logEntry) checkpointRoot(lines []string) error {
	if len(lines) < 3 {
		return VerificationError("malformed LogCheckpoint: too few items in header")
	}
	root, err := parseBase64(lines[2])
	if err != nil || string(root) != string(e.proof.root) {
		return VerificationError(fmt.Sprintf("Inclusion proof contains invalid root hash signature: expected %x got %x", root,
			e.proof.root))
	}
	return nil
}
