package report

import (
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

func files(n int) string { return phrase.Count(n, "file") }

// size is a number of bytes as people read it.
func size(n int64) string {
	const kb, mb, gb = 1e3, 1e6, 1e9
	switch v := float64(n); {
	case v >= gb:
		return fmt.Sprintf("%.1f GB", v/gb)
	case v >= mb:
		return fmt.Sprintf("%.1f MB", v/mb)
	case v >= kb:
		return fmt.Sprintf("%.1f kB", v/kb)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}

// elapsed is the time between two moments: none where one is not known, or where the clock was set back between them.
func elapsed(from, to time.Time) time.Duration {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return max(to.Sub(from), 0)
}

func duration(d time.Duration) string {
	d = max(d, 0)
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	if d < 90*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
}

// at is when something was, where it is known.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " at " + clock(t)
}

func clock(at time.Time) string { return at.UTC().Format("15:04:05 UTC") }

// clipped is the beginning of a long text.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return phrase.Beginning(text, most) + "… (cut; the whole is in the log)"
}
