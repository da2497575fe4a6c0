package report

import (
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// files returns n with "file" or "files".
func files(n int) string { return phrase.Count(n, "file") }

// size returns a number of bytes in a unit that suits people.
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

// elapsed returns the time between two moments. It returns 0 if one is unknown, or if the clock was set back between them.
func elapsed(from, to time.Time) time.Duration {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return max(to.Sub(from), 0)
}

// duration returns a time span in a unit that suits people.
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

// wait returns a time span that lies ahead, as exactly as people want to know it.
func wait(d time.Duration) string {
	switch minutes := d.Round(time.Minute); {
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(d.Milliseconds(), 1))
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	default:
		return fmt.Sprintf("%d min", int(minutes.Minutes()))
	}
}

// ordinal returns a number as a place in a row: "1st", "2nd", "11th".
func ordinal(n int) string {
	suffix := "th"
	if n/10%10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n) + suffix
}

// at returns a time as the end of a phrase, or an empty string if it is unknown.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " at " + clock(t)
}

// clock returns a time of day in UTC.
func clock(at time.Time) string { return at.UTC().Format("15:04:05 UTC") }

// clipped returns text, or its first most bytes and a note that it was cut.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return phrase.Beginning(text, most) + "… (shortened; the full text is in the log)"
}
