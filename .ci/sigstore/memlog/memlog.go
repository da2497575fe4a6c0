// Package memlog is Trillian, the Merkle tree under Rekor, with its storage in memory: log server, administration and
// sequencer in one process and no database.
package memlog

import (
	"context"
	"net"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	tlog "github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"github.com/google/trillian/util/election"
	"github.com/google/trillian/util/election2"
	"google.golang.org/grpc"
)

// every is how often queued leaves become part of the tree. It bounds from below how long an entry takes.
const every = 50 * time.Millisecond

// Start listens on a free port of loopback until ctx ends, and returns the port.
func Start(ctx context.Context) (port int, err error) {
	trees := memory.NewTreeStorage()
	metrics := monitoring.InertMetricFactory{}
	registry := extension.Registry{
		AdminStorage:    memory.NewAdminStorage(trees),
		LogStorage:      &once{LogStorage: memory.NewLogStorage(trees, metrics), known: map[string]*trillian.LogLeaf{}},
		ElectionFactory: election2.NoopFactory{},
		QuotaManager:    quota.Noop(),
		MetricFactory:   metrics,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	services := grpc.NewServer()
	trillian.RegisterTrillianLogServer(services, server.NewTrillianLogRPCServer(registry, clock.System))
	trillian.RegisterTrillianAdminServer(services, admin.New(registry, []trillian.TreeType{trillian.TreeType_LOG}))
	context.AfterFunc(ctx, services.Stop)
	go func() { _ = services.Serve(listener) }() // ends with ctx
	go sequencer(registry).OperationLoop(ctx)
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func sequencer(registry extension.Registry) *tlog.OperationManager {
	return tlog.NewOperationManager(tlog.OperationInfo{
		Registry:       registry,
		BatchSize:      1000,
		NumWorkers:     1,
		RunInterval:    every,
		TimeSource:     clock.System,
		ElectionConfig: election.RunnerConfig{TimeSource: clock.System},
	}, tlog.NewSequencerManager(registry, 0))
}
