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

// point is what each of the commands takes for an amount.
type point struct {
	amount float64
	label  string
	took   []sample
}

// command is one way to run the program on a folder of n files.
type command struct {
	name string
	do   func(n int) func(b *testing.B, program, folder string) sample
}

func commands() []command {
	return []command{
		{"check", func(int) func(*testing.B, string, string) sample { return checks }},
		{"publish", func(n int) func(*testing.B, string, string) sample { return publishes(n, nil, "-wait-for-index", "60") }},
	}
}

// BenchmarkGrowth: what 1 to 10,000 files take, and what a file of 1 MB to 8 GiB takes.
func BenchmarkGrowth(b *testing.B) {
	measure := func(b *testing.B, g *grown, label string, amount float64, files int, prepare func(*testing.B) string) {
		b.Run(strings.ReplaceAll(label, " ", "_"), func(b *testing.B) {
			folder, took := prepare(b), make([][]sample, len(commands()))
			for b.Loop() {
				for i, c := range commands() {
					took[i] = append(took[i], c.do(files)(b, shared().now, folder))
				}
			}
			b.ReportMetric(0, "ns/op")
			measured.rounds = max(measured.rounds, len(took[0]))
			p := point{amount, label, nil}
			for _, all := range took {
				p.took = append(p.took, sample{seconds: median(all, seconds), cpu: median(all, cpu), peak: median(all, peak)})
			}
			g.points = append(g.points, p)
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
	for i, g := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "| %s |", g.unit)
		for _, command := range commands() {
			fmt.Fprintf(&b, " `%s`: seconds | processor | MB | each %s: ms | processor | kB |", command.name, g.each)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", 6*len(commands())) + "\n")
		last := make([]sample, len(commands()))
		for _, p := range g.points {
			fmt.Fprintf(&b, "| %s |", p.label)
			for i, took := range p.took {
				first := g.points[0]
				fmt.Fprintf(&b, " %s | %s | %s |", number(took[seconds]), number(took[cpu]), number(took[peak]))
				now := sample{}
				for _, figure := range []string{seconds, cpu, peak} {
					if p.amount < 100*first.amount {
						b.WriteString(" – |") // too few to tell them from the start
						continue
					}
					now[figure] = (took[figure] - first.took[i][figure]) / (p.amount - first.amount) * 1e3
					grows := last[i] != nil && now[figure] > most*last[i][figure]
					b.WriteString(" " + ahead(fmt.Sprintf("%.2f", now[figure]), grows) + " |")
				}
				if len(now) > 0 {
					last[i] = now
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
