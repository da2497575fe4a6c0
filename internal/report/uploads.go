package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// uploads is how far the uploads of a run are, for a line that is shown while they go on.
type uploads struct {
	sizes map[string]int64           // of the files to upload, in bytes
	sent  map[string]ledger.Progress // the last news of each file in flight
	done  map[string]bool            // files with a result
}

// apply adds an event, and reports whether the line has changed.
func (u *uploads) apply(event ledger.Event) bool {
	switch e := event.(type) {
	case ledger.Planned:
		*u = uploads{sizes: map[string]int64{}, sent: map[string]ledger.Progress{}, done: map[string]bool{}}
		for _, f := range e.Files {
			if f.Action == ledger.ActionUpload {
				u.sizes[f.Name] = f.Size
			}
		}
		return false
	case ledger.Progress:
		u.sent[e.File] = e
	case ledger.Started:
		// The first line, before there is any other news.
	case ledger.Uploaded:
		u.end(e.File)
	case ledger.AlreadyPresent:
		u.end(e.File)
	case ledger.SkippedConflict:
		u.end(e.File)
	case ledger.Rejected:
		u.end(e.File)
	case ledger.OutcomeUnknown:
		u.end(e.File)
	case ledger.UploadFailed:
		u.end(e.File)
	case ledger.UploadAborted:
		u.end(e.File)
	default:
		return false
	}
	return len(u.sizes) > 0
}

// end adds that the upload of a file is over.
func (u *uploads) end(file string) {
	delete(u.sent, file)
	if _, planned := u.sizes[file]; planned {
		u.done[file] = true
	}
}

// String returns the line, or an empty string when every upload has ended.
func (u *uploads) String() string {
	if len(u.done) == len(u.sizes) {
		return ""
	}
	var all, sent int64
	var rate float64
	for name, size := range u.sizes {
		all += size
		if u.done[name] {
			sent += size
		}
	}
	for _, news := range u.sent {
		sent, rate = sent+news.Sent, rate+news.Rate
	}
	const width = 12
	part := float64(sent) / float64(max(all, 1))
	filled := min(int(part*width), width)
	text := fmt.Sprintf("%d of %s [%s%s] %d%% of %s", len(u.done), files(len(u.sizes)),
		strings.Repeat("#", filled), strings.Repeat("-", width-filled), int(part*100), size(all))
	if rate > 0 {
		text += fmt.Sprintf(", %s/s, %s left", size(int64(rate)), duration(time.Duration(float64(all-sent)/rate*float64(time.Second))))
	}
	return text
}
