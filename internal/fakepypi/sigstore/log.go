package sigstore

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	// older is the number of entries in the log's earlier shard, so that an entry's index in the log is not its index in the tree.
	older = 25_579_130
	// others is the number of entries by others in the tree before the first one of a client.
	others = 5
)

// log is a shard of a transparency log: a tree that only grows.
type log struct {
	before  int // entries in earlier shards
	leaves  []hash
	entries map[hash]*entry // of clients; entries by others cannot be requested
}

// entry is one entry of the log.
type entry struct {
	index int // in the tree
	leaf  hash
	body  []byte
	at    time.Time
}

// treeID returns the id of the shard.
func (s *Sigstore) treeID() uint64 { return binary.BigEndian.Uint64(s.rekor.id[:8]) >> 1 }

// uuid returns the name that clients use for an entry: the shard's id and the leaf's hash.
func (s *Sigstore) uuid(e *entry) string { return fmt.Sprintf("%016x%x", s.treeID(), e.leaf) }

// add adds an entry to the log and returns it. If the log has it already, add returns that entry, and known is true. fresh applies to the
// first call only; see begin.
func (l *log) add(body []byte, at time.Time, fresh bool) (e *entry, known bool) {
	if l.entries == nil {
		l.begin(fresh)
	}
	leaf := hashLeaf(body)
	if e := l.entries[leaf]; e != nil {
		return e, true
	}
	e = &entry{index: len(l.leaves), leaf: leaf, body: body, at: at}
	l.leaves, l.entries[leaf] = append(l.leaves, leaf), e
	return e, false
}

// begin fills a new log with entries by others, as a client would find them. If fresh is set, the log stays empty.
func (l *log) begin(fresh bool) {
	l.entries = map[hash]*entry{}
	if fresh {
		return
	}
	l.before = older
	for i := range others {
		l.leaves = append(l.leaves, hashLeaf(fmt.Appendf(nil, "an entry of somebody else: %d", i)))
	}
}

// Entries returns the number of entries that clients have added.
func (s *Sigstore) Entries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.log.entries)
}
