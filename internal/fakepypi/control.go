package fakepypi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// ControlPath is the path at the index of [Options.Control] where a client does what owners and administrators of PyPI do on its pages.
const ControlPath = "/_stage/control"

// controlLimit is the maximum size of the body of a request to the control endpoint, in bytes.
const controlLimit = 64 << 10

// controlRequest is the body of a POST to the control endpoint. Which members an action needs is in the table of actions.
type controlRequest struct {
	Action string `json:"action"`

	Project string `json:"project"`
	Version string `json:"version"`
	File    string `json:"file"`
	Reason  string `json:"reason"` // why a release is yanked
	Status  string `json:"status"` // of a project

	FileBytes    int64 `json:"file-bytes"`    // 0 means the default
	ProjectBytes int64 `json:"project-bytes"` // 0 means the default

	On bool `json:"on"` // whether the index is read-only

	Owner       string `json:"owner"` // of a publisher; empty members mean the run's
	OwnerID     string `json:"owner-id"`
	Repository  string `json:"repository"`
	Workflow    string `json:"workflow"`
	Environment string `json:"environment"`
	Pending     bool   `json:"pending"`
}

// controlAction is one action of the control endpoint.
type controlAction struct {
	name  string
	needs []string // members that may not be empty
	help  string
	do    func(*Servers, controlRequest) error
}

// controlActions returns the table of actions.
func controlActions() []controlAction {
	return []controlAction{
		{
			"yank",
			[]string{"project", "version"},
			"yank a release; reason may be empty",
			func(s *Servers, r controlRequest) error { return s.yank(r, s.index.Yank) },
		},
		{
			"unyank",
			[]string{"project", "version"},
			"take a yank back",
			func(s *Servers, r controlRequest) error {
				return s.yank(r, func(of pep.Release, _ string) error { return s.index.Unyank(of) })
			},
		},
		{
			"delete",
			[]string{"file"},
			"delete a file; its name cannot be used again",
			func(s *Servers, r controlRequest) error { return s.index.Remove(r.File) },
		},
		{
			"status",
			[]string{"project", "status"},
			"set a project's status: active, archived, archived-noindex or quarantined",
			func(s *Servers, r controlRequest) error { return s.setStatus(r) },
		},
		{
			"limits", nil, "set the maximum sizes of a file and of a project: file-bytes and project-bytes, 0 for the defaults; of the " +
				"project, or without one of all that have none of their own",
			func(s *Servers, r controlRequest) error { return s.setLimits(r) },
		},
		{
			"read-only", nil, "pause the index for uploads, with on true, or go on, with on false",
			func(s *Servers, r controlRequest) error {
				s.Switch(func(b *Behavior) { b.ReadOnly = r.On })
				return nil
			},
		},
		{
			"add-publisher",
			[]string{"project"},
			"add a Trusted Publisher; owner, owner-id, repository, workflow and environment may be " +
				"omitted, and pending true makes a pending one",
			func(s *Servers, r controlRequest) error { return s.addPublisher(r) },
		},
		{
			"remove-publishers",
			[]string{"project"},
			"remove all publishers of a project, and their upload tokens",
			func(s *Servers, r controlRequest) error { return s.removePublishers(r) },
		},
	}
}

// project returns the project that a request names. It fails for an invalid name.
func (r controlRequest) project() (pep.Project, error) {
	if !pep.ValidName(r.Project) {
		return "", fmt.Errorf("%q is not a valid project name", r.Project)
	}
	return pep.Normalize(r.Project), nil
}

func (s *Servers) yank(r controlRequest, change func(pep.Release, string) error) error {
	version, err := pep.ParseVersion(r.Version)
	if err != nil {
		return err
	}
	return change(pep.Release{Project: pep.Normalize(r.Project), Version: version.Canonical()}, r.Reason)
}

func (s *Servers) setStatus(r controlRequest) error {
	project, err := r.project()
	if err != nil {
		return err
	}
	return s.index.SetStatus(project, r.Status)
}

func (s *Servers) setLimits(r controlRequest) error {
	if r.FileBytes < 0 || r.ProjectBytes < 0 {
		return errors.New("a limit cannot be negative")
	}
	var project pep.Project
	if r.Project != "" {
		var err error
		if project, err = r.project(); err != nil {
			return err
		}
	}
	return s.index.SetLimits(project, r.FileBytes, r.ProjectBytes)
}

func (s *Servers) addPublisher(r controlRequest) error {
	project, err := r.project()
	if err != nil {
		return err
	}
	return s.AddPublisher(Publisher{
		Owner: r.Owner, OwnerID: r.OwnerID, Repository: r.Repository, Workflow: r.Workflow, Environment: r.Environment,
		Project: project, Pending: r.Pending,
	})
}

func (s *Servers) removePublishers(r controlRequest) error {
	project, err := r.project()
	if err != nil {
		return err
	}
	return s.Distrust(project)
}

// control handles requests to [ControlPath], in JSON:
//
//	GET   returns the actions, the files and the tokens, which it does not show
//	POST  {"action": "yank", "project": "demo", "version": "1.0", "reason": "broken"} does one
func (s *Servers) control(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	defer func() { _, _ = io.WriteString(w, "\n") }() // the answer is a line: it is read in terminals
	switch {
	case r.Header.Get("Origin") != "":
		// A page in a browser must not control a server on the same machine.
		web.WriteJSON(w, http.StatusForbidden, map[string]any{"error": "this endpoint is for programs, not for web pages"})
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		web.WriteJSON(w, http.StatusOK, map[string]any{"actions": actionRows(), "files": s.Files(), "tokens": s.Tokens()})
	case r.Method == http.MethodPost:
		request, err := readControl(http.MaxBytesReader(w, r.Body, controlLimit))
		if err == nil {
			err = s.act(request)
		}
		if err != nil {
			web.WriteJSON(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
			return
		}
		web.WriteJSON(w, http.StatusOK, map[string]any{"done": request.Action})
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		web.WriteJSON(w, http.StatusMethodNotAllowed, map[string]any{"error": r.Method + " is not allowed: use GET or POST"})
	}
}

// readControl parses the body of a POST.
func readControl(body io.Reader) (controlRequest, error) {
	var request controlRequest
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return request, fmt.Errorf(`send one JSON object such as {"action": "yank", "project": "demo", "version": "1.0"}: %w`, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return request, errors.New("there is text after the JSON object: send one action per request")
	}
	return request, nil
}

// Do does what a request to the control endpoint with this body does.
func (s *Servers) Do(body string) error {
	request, err := readControl(strings.NewReader(body))
	if err != nil {
		return err
	}
	return s.act(request)
}

// alternatives returns the names of the actions for people.
func alternatives(actions []controlAction) string {
	var names []string
	for _, a := range actions {
		names = append(names, a.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// act does what a request asks for.
func (s *Servers) act(request controlRequest) error {
	actions := controlActions()
	i := slices.IndexFunc(actions, func(a controlAction) bool { return a.name == request.Action })
	if i < 0 {
		return fmt.Errorf("unknown action %q: write %s", request.Action, alternatives(actions))
	}
	given := map[string]string{
		"project": request.Project, "version": request.Version, "file": request.File, "status": request.Status,
	}
	for _, name := range actions[i].needs {
		if given[name] == "" {
			return fmt.Errorf("the action %s needs the members %s", request.Action, strings.Join(actions[i].needs, " and "))
		}
	}
	return actions[i].do(s, request)
}

// actionRows returns the actions for JSON.
func actionRows() []any {
	var all []any
	for _, a := range controlActions() {
		all = append(all, struct {
			Action string   `json:"action"`
			Needs  []string `json:"needs,omitempty"`
			Help   string   `json:"help"`
		}{a.name, a.needs, a.help})
	}
	return all
}

// controls returns a handler that passes requests for the two control endpoints to them, and all others to handler. Those for the
// endpoints are not recorded and have no faults.
func (s *Servers) controls(handler http.Handler, listenerOp string) http.Handler {
	faults := s.faults.Control(listenerOp)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case fault.ControlPath:
			faults.ServeHTTP(w, r)
		case ControlPath:
			s.control(w, r)
		default:
			handler.ServeHTTP(w, r)
		}
	})
}
