package fakepypi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// sendControl sends a request to the control endpoint and returns the status and the answer.
func sendControl(t *testing.T, control http.Handler, method, body string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	r, err := http.NewRequestWithContext(t.Context(), method, fault.ControlPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	control.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: the answer %q is no JSON object", method, body, w.Body)
	}
	return w.Code, answer
}

// TestControl_Plans: plans are made, listed and cleared.
func TestControl_Plans(t *testing.T) {
	t.Parallel()
	i := newTestInjector()
	control := i.Control(connections)
	for _, c := range []struct {
		body        string
		op, fault   string
		skip, times float64
	}{
		{`{"op":"send","fault":"reset-after-body","skip":2,"times":3}`, "send", "reset-after-body", 2, 3},
		{`{"op":"fetch","fault":"hang"}`, "fetch", "hang", 0, 1},
		{`{"op":"send","fault":"status-503","times":-1}`, "send", "status-503", 0, -1},
		{`{"op":"knock","fault":"refuse","times":2}`, "knock", "refuse", 0, 2},
	} {
		code, answer := sendControl(t, control, "POST", c.body)
		if code != 201 {
			t.Fatalf("%s: %d %v", c.body, code, answer)
		}
		_, decoded := sendControl(t, control, "GET", "")
		plans := decoded["planned"].([]any)
		for _, p := range []any{answer["planned"].([]any)[0], plans[len(plans)-1]} {
			p := p.(map[string]any)
			if p["op"] != c.op || p["fault"] != c.fault || p["skip"] != c.skip || p["times"] != c.times || p["struck"] != 0.0 {
				t.Errorf("%s is %v", c.body, p)
			}
		}
	}
	_, decoded := sendControl(t, control, "GET", "")
	if faults := decoded["faults"].([]any); len(faults) != len(fault.Named())+1 || faults[0].(map[string]any)["help"] == "" {
		t.Errorf("%v", faults)
	}
	if code, answer := sendControl(t, control, "DELETE", ""); code != 200 || len(answer["mended"].([]any)) != 4 {
		t.Errorf("%d %v", code, answer)
	}
	if _, decoded := sendControl(t, control, "GET", ""); len(decoded["planned"].([]any)) != 0 {
		t.Errorf("%v", decoded["planned"])
	}
}

// TestControl_Lasting: a plan may last for a time, and be for other ops too.
func TestControl_Lasting(t *testing.T) {
	t.Parallel()
	i := newTestInjector()
	code, answer := sendControl(t, i.Control(connections), "POST", `{"op":"send","fault":"status-503","seconds":90,"also":["fetch"]}`)
	planned := answer["planned"].([]any)[0].(map[string]any)
	if code != 201 || planned["seconds"] != 90.0 || planned["times"] != 0.0 || len(planned["also"].([]any)) != 1 {
		t.Errorf("%d %v", code, answer)
	}
	if p := i.Plans(); len(p) != 1 || p[0].Lasts != 90*time.Second || p[0].Also[0] != "fetch" {
		t.Errorf("%+v", p)
	}
}

// TestControl_Refused what it does not understand, and says what to send.
func TestControl_Refused(t *testing.T) {
	t.Parallel()
	i := newTestInjector()
	for _, c := range []struct{ method, body, want string }{
		{"POST", ``, `send one JSON object such as`},
		{"POST", `[]`, `send one JSON object such as`},
		{"POST", `{"op":"send","fault":"hang","time":1}`, `unknown field "time"`},
		{"POST", `{"op":"send","fault":"hang"} {}`, `send one fault per request`},
		{"POST", `{"op":"send","fault":"hang","times":1.5}`, `send one JSON object such as`},
		{"POST", `{"op":"send","fault":"hang","times":0}`, `times is 0`},
		{"POST", `{"op":"send","fault":"hang","times":1,"seconds":9}`, `a number of times, or a time`},
		{"POST", `{"op":"send","fault":"hang","seconds":-1}`, `a number of times, or a time`},
		{"POST", `{"op":"send","fault":"hang","seconds":86401}`, `more than a day`},
		{"POST", `{"op":"send","fault":"hang","also":["gremlin"]}`, `op "gremlin" cannot have the fault`},
		{"POST", `{"op":"knock","fault":"refuse","also":["send"]}`, `op "send" cannot have the fault`},
		{"POST", `{"op":"send","fault":"gremlin"}`, `unknown fault "gremlin": GET this URL`},
		{"POST", `{"op":"send"}`, `unknown fault ""`},
		{"POST", `{"op":"gremlin","fault":"hang"}`, `unknown op "gremlin"`},
		{"POST", `{"op":"knock","fault":"refuse","times":-1}`, `set times to a number`},
		{"POST", `{"op":"` + strings.Repeat("x", 1<<20) + `"}`, `too large`},
		{"PUT", `{}`, `use GET, POST or DELETE`},
	} {
		code, answer := sendControl(t, i.Control(connections), c.method, c.body)
		text, _ := answer["error"].(string)
		if code != 400 && code != 405 || !strings.Contains(text, c.want) {
			t.Errorf("%s %.60s: %d %v, want %q", c.method, c.body, code, answer, c.want)
		}
	}
	if len(i.Plans()) != 0 {
		t.Errorf("%+v", i.Plans())
	}
}

// FuzzControl: every request is a plan that can be hit or a refusal that says why.
func FuzzControl(f *testing.F) {
	f.Add(`{"op":"send","fault":"reset-after-body","skip":2,"times":3}`)
	f.Add(`{"op":"knock","fault":"refuse","times":2}`)
	f.Add(`{"op":"send","fault":"hang","skip":-1}`)
	f.Add(`{"op":"send","fault":"status-503","seconds":9,"also":["fetch"]}`)
	f.Add(`nonsense`)
	f.Fuzz(func(t *testing.T, body string) {
		i := newTestInjector()
		code, answer := sendControl(t, i.Control(connections), "POST", body)
		switch code {
		case 201:
			if p := i.Plans(); len(p) != 1 || p[0].Fault.Check() != nil || (p[0].Times == 0) != (p[0].Lasts > 0) || p[0].Skip < 0 {
				t.Errorf("%q became %+v", body, p)
			}
		case 400:
			if answer["error"] == "" || len(i.Plans()) != 0 {
				t.Errorf("%q: %v", body, answer)
			}
		default:
			t.Errorf("%q: %d", body, code)
		}
	})
}
