package fakepypi

import (
	"net/http"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// The ops of new connections, for faults that strike those: of the five servers.
const (
	Connect         = "connect"
	ConnectIssuer   = "connect-issuer"
	ConnectSigstore = "connect-sigstore"
	ConnectGitHub   = "connect-github"
	ConnectAssets   = "connect-assets" // where GitHub keeps the bytes of assets
)

func doors() []string {
	return []string{Connect, ConnectIssuer, ConnectSigstore, ConnectGitHub, ConnectAssets}
}

func newInjector(now func() time.Time) *fault.Injector {
	return fault.New(fault.Options{Now: now, Op: Op, Ops: allOps(), Doors: doors()})
}

// answer lets the server answer with handler. What it is asked is written down, and struck by the faults planned for the
// op; door is the op of its connections.
func (s *Stage) answer(server *server, handler http.Handler, door string, control bool) {
	server.listener = s.faults.Listener(server.listener, door)
	handler = s.journal.record(s.faults.Handler(handler, door))
	if control {
		handler = beside(handler, s.faults.Control(door))
	}
	server.serve(handler)
}

// beside answers requests for the control endpoint, which are neither written down nor struck.
func beside(handler, control http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == fault.ControlPath {
			control.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// Break plans a fault for requests of an op, one of [Ops], or one of the other names of [Op]; or for new connections,
// [Connect], [ConnectIssuer], [ConnectSigstore], [ConnectGitHub] and [ConnectAssets]. The first skip of them pass, then it strikes as
// many times as told, -1 being for ever. Plans of one op come one after another. A plan that could never strike is an error.
func (s *Stage) Break(op string, f fault.Fault, skip, times int) error {
	return s.faults.Break(fault.Plan{Op: op, Fault: f, Skip: skip, Times: times})
}

// Mend ends all faults planned, and returns what came of them.
func (s *Stage) Mend() []fault.Planned { return s.faults.Mend() }

// Broken returns the faults planned since the last Mend, with how often each has struck: one that never did has shown
// nothing.
func (s *Stage) Broken() []fault.Planned { return s.faults.Broken() }
