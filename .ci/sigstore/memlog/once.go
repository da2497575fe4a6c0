package memlog

import (
	"context"
	"sync"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// once is a storage that takes each leaf once, as those do that keep a log in a database: the same leaf again is answered
// with the one that is there, and from that Rekor makes its 409. The storage in memory would take it twice, and Rekor then
// finds two places for one entry and fails.
type once struct {
	storage.LogStorage

	mu    sync.Mutex
	known map[string]*trillian.LogLeaf // of the one tree, by identity
}

// QueueLeaves queues those leaves that are new.
func (o *once) QueueLeaves(
	ctx context.Context, tree *trillian.Tree, leaves []*trillian.LogLeaf, at time.Time,
) ([]*trillian.QueuedLogLeaf, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var answers []*trillian.QueuedLogLeaf
	for _, leaf := range leaves {
		name := string(leaf.GetLeafIdentityHash())
		if there := o.known[name]; there != nil {
			answers = append(answers, &trillian.QueuedLogLeaf{
				Leaf: there, Status: status.New(codes.AlreadyExists, "leaf already exists").Proto(),
			})
			continue
		}
		queued, err := o.LogStorage.QueueLeaves(ctx, tree, []*trillian.LogLeaf{leaf}, at)
		if err != nil {
			return nil, err
		}
		o.known[name] = leaf
		answers = append(answers, queued...)
	}
	return answers, nil
}
