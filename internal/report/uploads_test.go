package report_test

import (
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/report"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestStatus: on a terminal the progress of all uploads is one line; it goes when they have ended, and files that are not uploaded do not
// count.
func TestStatus(t *testing.T) {
	t.Parallel()
	present := file("my_project-1.0.tar.gz", ledger.ActionPresent)
	a, b := file(wheel, ledger.ActionUpload), file("my_project-1.0-py2-none-any.whl", ledger.ActionUpload)
	a.Size, b.Size = 30e6, 10e6
	var shown []string
	log := &page{}
	r := report.New(log, report.Options{Status: func(text string) { shown = append(shown, text) }})
	for _, event := range append(opening(a, b, present),
		ledger.AlreadyPresent{File: present.Name},
		ledger.Started{File: a.Name}, ledger.Started{File: b.Name},
		ledger.Progress{File: a.Name, Sent: 10e6, Size: a.Size, Rate: 1e6, Left: 20 * time.Second},
		ledger.Progress{File: b.Name, Sent: 5e6, Size: b.Size, Rate: 1e6, Left: 5 * time.Second},
		ledger.Uploaded{File: b.Name}, ledger.Rejected{File: a.Name},
	) {
		r.Watch(event)
	}
	expect.Equal(t, "the lines", shown, []string{
		"0 of 2 files [------------] 0% of 40.0 MB",
		"0 of 2 files [------------] 0% of 40.0 MB",
		"0 of 2 files [------------] 0% of 40.0 MB",
		"0 of 2 files [###---------] 25% of 40.0 MB, 1.0 MB/s, 30.0 s left",
		"0 of 2 files [####--------] 37% of 40.0 MB, 2.0 MB/s, 12.5 s left",
		"1 of 2 files [######------] 50% of 40.0 MB, 1.0 MB/s, 20.0 s left",
		"",
	})
	expect.Lacks(t, "the log", log.String(), " left")
}
