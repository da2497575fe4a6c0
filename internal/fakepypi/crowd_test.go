package fakepypi_test

import (
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// TestUpload_Deadlock: while more than four uploads to one release are on their way, one of them is answered with 500 and not stored
// (docs/reference/pypi-server.md §3);
// sent again it is accepted. Uploads to other releases do not count, and without the switch nothing happens.
func TestUpload_Deadlock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		on, elsewhere bool
		status        int
	}{
		"with the switch":          {true, false, 500},
		"beside another release":   {true, true, 200},
		"without the switch":       {false, false, 200},
		"beside, without a switch": {false, true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			th := open(t, fakepypi.Options{Dir: dir, Behavior: fakepypi.Behavior{Deadlocks: c.on}})
			token := th.apiToken()
			th.accepted(token, wheel())
			version := "1.0"
			if c.elsewhere {
				version = "1.1"
			}
			const held = 4
			answers := make(chan reply, held)
			var finish []func()
			for i := range held {
				file := fmt.Sprintf("demo-%s-cp3%d-none-any.whl", version, i)
				p := wheel("version", version).called(file).holding(file)
				kind, body := p.body(t)
				in, out := io.Pipe()
				go func() {
					answers <- th.do("POST", "/legacy/", in, "Content-Type", kind, "Authorization", basic("__token__", token))
				}()
				finish = append(finish, func() {
					_, _ = out.Write(body[len(body)-9:])
					_ = out.Close()
				})
				go func() { _, _ = out.Write(body[:len(body)-9]) }()
			}
			awaitUploads(t, dir, held)
			file := "demo-1.0-py3-none-win32.whl"
			fifth := wheel().called(file).holding(file)
			th.upload(token, fifth).want(t, c.status, "")
			th.upload(token, fifth).want(t, 200, "OK")
			for _, end := range finish {
				go end()
			}
			for range held {
				if r := <-answers; r.status/100 != 2 && r.status != 500 {
					t.Errorf("an upload that was held: %+v", r)
				}
			}
		})
	}
}

// awaitUploads waits until n uploads have begun to store their file.
func awaitUploads(t *testing.T, dir string, n int) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		files, err := filepath.Glob(filepath.Join(dir, "incoming-*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == n {
			return
		}
		select {
		case <-look.C:
		case <-t.Context().Done():
			t.Fatalf("%d uploads have begun", len(files))
		}
	}
}
