package sigstore

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	// older is how many entries the log's earlier shard has: an entry's index in the log is not its index in the tree.
	older = 25_579_130
	// others is how many entries of others the tree has when the first one of a client comes.
	others = 5
)

// log is a shard of a transparency log: a tree that grows and never changes.
type log struct {
	before  int // entries of earlier shards
	leaves  []hash
	entries map[hash]*entry // of clients; those of others have no body that anybody could ask for
}

// entry is one thing logged.
type entry struct {
	index int // in the tree
	leaf  hash
	body  []byte
	at    time.Time
}

// treeID names the shard.
func (s *Sigstore) treeID() uint64 { return binary.BigEndian.Uint64(s.rekor.id[:8]) >> 1 }

// uuid is how clients name an entry: the shard's id and the leaf's hash.
func (s *Sigstore) uuid(e *entry) string { return fmt.Sprintf("%016x%x", s.treeID(), e.leaf) }

// add logs a body. What is there already is returned as it is, and known is true.
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

// begin fills a log, unless it is to be fresh, with what a client finds in one: entries of others.
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

// Entries returns how many entries clients have made.
func (s *Sigstore) Entries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.log.entries)
}
