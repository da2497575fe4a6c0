package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
)

// ControlPath is the path of [Injector.Control] at a server whose faults are controlled from outside.
const ControlPath = "/_stage/faults"

// controlLimit is the maximum size of the body of a request to Control, in bytes.
const controlLimit = 64 << 10

// Control returns a handler through which a client can plan faults over HTTP and in JSON. listenerOp is the op of the connections to the
// handler's server.
//
//	GET     returns the named faults, the ops, and the plans with how often each was injected
//	POST    {"op": "upload", "fault": "reset-after-body", "skip": 0, "times": 1} plans one; skip and times may be omitted, and
//	        {"op": "upload", "fault": "status-503", "seconds": 900, "also": ["mint"]} plans one that lasts, for other ops too
//	DELETE  removes all plans and returns how often each was injected
func (i *Injector) Control(listenerOp string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		// The answer is a line: it is read in terminals.
		defer func() { _, _ = io.WriteString(w, "\n") }()
		if r.Header.Get("Origin") != "" {
			// A page in a browser must not inject faults into a server on the same machine.
			web.WriteJSON(w, http.StatusForbidden, map[string]any{"error": "this endpoint is for programs, not for web pages"})
			return
		}
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			web.WriteJSON(w, http.StatusOK, map[string]any{
				"faults": namedFaults(), "ops": i.options.Ops, "connections": i.options.Listeners, "planned": planRows(i.Plans()),
			})
		case http.MethodPost:
			p, err := i.readPlan(http.MaxBytesReader(w, r.Body, controlLimit), listenerOp)
			if err == nil {
				err = i.Inject(p)
			}
			if err != nil {
				web.WriteJSON(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
				return
			}
			web.WriteJSON(w, http.StatusCreated, map[string]any{"planned": planRows([]Planned{{Plan: p}})})
		case http.MethodDelete:
			web.WriteJSON(w, http.StatusOK, map[string]any{"mended": planRows(i.Clear())})
		default:
			w.Header().Set("Allow", "GET, HEAD, POST, DELETE")
			web.WriteJSON(w, http.StatusMethodNotAllowed, map[string]any{"error": r.Method + " is not allowed: use GET, POST or DELETE"})
		}
	})
}

// readPlan parses a plan. It fails for a plan that would block this endpoint without end.
func (i *Injector) readPlan(body io.Reader, listenerOp string) (Plan, error) {
	request := struct {
		Op      string   `json:"op"`
		Fault   string   `json:"fault"`
		Skip    int      `json:"skip"`
		Times   *int     `json:"times"`
		Seconds int      `json:"seconds"`
		Also    []string `json:"also"`
	}{}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return Plan{}, fmt.Errorf(`send one JSON object such as {"op": "upload", "fault": "status-503", "skip": 0, "times": 1}: %w`, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Plan{}, errors.New("there is text after the JSON object: send one fault per request")
	}
	f, known := ByName(request.Fault)
	if !known {
		return Plan{}, fmt.Errorf("unknown fault %q: GET this URL to list the names", request.Fault)
	}
	const day = 24 * 60 * 60
	if request.Seconds > day {
		return Plan{}, fmt.Errorf("seconds is %d: that is more than a day", request.Seconds)
	}
	p := Plan{Op: request.Op, Fault: f, Skip: request.Skip, Lasts: time.Duration(request.Seconds) * time.Second, Also: request.Also}
	switch {
	case request.Times != nil:
		p.Times = *request.Times
	case request.Seconds == 0:
		p.Times = 1
	}
	if p.Op == listenerOp && p.Times == Forever {
		return Plan{},
			fmt.Errorf("a permanent fault of %s would block this endpoint too, and could not be removed: set times to a number", listenerOp)
	}
	return p, nil
}

// description describes a named fault in JSON.
type description struct {
	Name   string `json:"name"`
	Help   string `json:"help"`
	Kind   Kind   `json:"kind"`
	Point  Point  `json:"point"`
	Stores bool   `json:"stores"` // the request takes effect although it fails
}

// namedFaults returns all named faults.
func namedFaults() []description {
	var all []description
	for _, f := range append(Named(), Race()) {
		all = append(all, description{f.Name, f.Help, f.Kind, f.Point, f.Stores()})
	}
	return all
}

// planRows returns plans for JSON.
func planRows(plans []Planned) []any {
	all := make([]any, 0, len(plans))
	for _, p := range plans {
		all = append(all, struct {
			Op      string   `json:"op"`
			Fault   string   `json:"fault"`
			Skip    int      `json:"skip"`
			Times   int      `json:"times"`
			Seconds float64  `json:"seconds,omitempty"`
			Also    []string `json:"also,omitempty"`
			Struck  int      `json:"struck"`
		}{p.Op, p.Fault.String(), p.Skip, p.Times, p.Lasts.Seconds(), p.Also, p.Hits})
	}
	return all
}
