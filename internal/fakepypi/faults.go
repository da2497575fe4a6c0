package fakepypi

import (
	"crypto/tls"
	"net/http"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// The ops of new connections to the five servers, for faults at accept.
const (
	Connect         = "connect"
	ConnectIssuer   = "connect-issuer"
	ConnectSigstore = "connect-sigstore"
	ConnectGitHub   = "connect-github"
	ConnectAssets   = "connect-assets" // GitHub's storage of assets
)

func listeners() []string {
	return []string{Connect, ConnectIssuer, ConnectSigstore, ConnectGitHub, ConnectAssets}
}

func newInjector(now func() time.Time) *fault.Injector {
	return fault.New(fault.Options{Now: now, Op: Op, Ops: allOps(), Listeners: listeners()})
}

// answer makes the server answer with handler. Its requests are recorded, and faults planned for their ops are injected. door is the op
// of its connections.
func (s *Servers) answer(server *server, handler http.Handler, listenerOp string, control bool) {
	server.listener = s.faults.Listener(server.listener, listenerOp)
	if server.tls != nil {
		server.listener = tls.NewListener(server.listener, server.tls)
	}
	handler = s.journal.record(s.faults.Handler(handler, listenerOp))
	if control {
		handler = s.controls(handler, listenerOp)
	}
	server.serve(handler)
}

// InjectFault plans a fault for requests of an op ([Ops], or another name that [Op] returns), or for new connections ([Connect],
// [ConnectIssuer], [ConnectSigstore], [ConnectGitHub], [ConnectAssets]). It lets the first skip of them pass, then applies to the given
// number of times; [fault.Forever] means all. Several plans for one op apply one after another. InjectFault fails for a plan that could
// never apply.
func (s *Servers) InjectFault(op string, f fault.Fault, skip, times int) error {
	return s.faults.Inject(fault.Plan{Op: op, Fault: f, Skip: skip, Times: times})
}

// InjectPlan plans a fault as InjectFault does, also one that lasts for a time by the clock of the servers, or for several ops.
func (s *Servers) InjectPlan(p fault.Plan) error { return s.faults.Inject(p) }

// ClearFaults removes all planned faults and returns how often each was injected.
func (s *Servers) ClearFaults() []fault.Planned { return s.faults.Clear() }

// Plans returns the faults planned since the last ClearFaults and how often each was injected. A test whose fault was never injected has
// shown nothing.
func (s *Servers) Plans() []fault.Planned { return s.faults.Plans() }
