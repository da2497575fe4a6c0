//go:build bench

package bench_test

import (
	"fmt"
	"strings"
	"testing"
)

// grown is how the cost of something grows with what is given: one point for each amount.
type grown struct {
	name, unit string // of the table, and of the amounts
	each       string // what the cost is for
	points     []point
}

// point is what one command takes for an amount.
type point struct {
	command string
	amount  float64
	label   string
	took    sample
}

// BenchmarkGrowth: what 1 to 10,000 files take, and what a file of 1 MB to 8 GiB takes.
func BenchmarkGrowth(b *testing.B) {
	commands := []struct {
		name string
		do   func(n int) func(b *testing.B, program, folder string) sample
	}{
		{"check", func(int) func(*testing.B, string, string) sample { return checks }},
		{"publish", func(n int) func(*testing.B, string, string) sample { return publishes(n, nil, "-wait-for-index", "60") }},
	}
	measure := func(b *testing.B, g *grown, label string, amount float64, files int, prepare func(*testing.B) string) {
		b.Run(strings.ReplaceAll(label, " ", "_"), func(b *testing.B) {
			folder, took := prepare(b), make([][]sample, len(commands))
			for b.Loop() {
				for i, c := range commands {
					took[i] = append(took[i], c.do(files)(b, shared().now, folder))
				}
			}
			b.ReportMetric(0, "ns/op")
			measured.rounds = max(measured.rounds, len(took[0]))
			for i, c := range commands {
				g.points = append(g.points, point{c.name, amount, label, sample{
					seconds: median(took[i], seconds), cpu: median(took[i], cpu), peak: median(took[i], peak),
				}})
			}
		})
	}
	b.Run("files", func(b *testing.B) {
		g := grown{name: "growth-files", unit: "files of 1 kB", each: "file"}
		for _, n := range []int{1, 10, 100, 1000, 10_000} {
			measure(b, &g, fmt.Sprint(n), float64(n), n, wheels(n, 200))
		}
		measured.growth = append(measured.growth, g)
	})
	b.Run("bytes", func(b *testing.B) {
		g := grown{name: "growth-bytes", unit: "a wheel of", each: "MiB"}
		for _, c := range []struct {
			label string
			mib   int64
		}{{"1 MiB", 1}, {"16 MiB", 16}, {"256 MiB", 256}, {"1 GiB", 1024}, {"8 GiB", 8192}} {
			measure(b, &g, c.label, float64(c.mib), 1, large(c.mib*mib))
		}
		measured.growth = append(measured.growth, g)
	})
}

// growthLines are tables of how costs grow. What each file or MiB costs is what it costs beyond the smallest amount, whose cost is that of
// a start. It is marked if it is more than a fifth above that of the amount before.
func growthLines(all []grown) string {
	const most = 1.2
	var b strings.Builder
	for _, g := range all {
		fmt.Fprintf(&b, "| command | %s | seconds | processor seconds | peak memory, MB | each %s: ms | processor ms | kB |\n"+
			"|---|---|---|---|---|---|---|---|\n", g.unit, g.each)
		for _, command := range []string{"check", "publish"} {
			var least point
			last := sample{}
			for _, p := range g.points {
				if p.command != command {
					continue
				}
				if least.took == nil {
					least = p
				}
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |",
					command, p.label, number(p.took[seconds]), number(p.took[cpu]), number(p.took[peak]))
				for _, figure := range []string{seconds, cpu, peak} {
					if p.amount < 100*least.amount {
						b.WriteString(" – |") // too few to tell them from the start
						continue
					}
					each := (p.took[figure] - least.took[figure]) / (p.amount - least.amount) * 1e3
					b.WriteString(" " + ahead(fmt.Sprintf("%.2f", each), last[figure] > 0 && each > most*last[figure]) + " |")
					last[figure] = each
				}
				b.WriteString("\n")
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
