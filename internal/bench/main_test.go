//go:build bench

package bench_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

var (
	recorded = flag.Bool("recorded", false, "compare with the recorded figures of "+before+", which is not built")
	write    = flag.Bool("write", false, "write what was measured into "+pageFile)
	record   = flag.Bool("record", false, "write the figures of "+before+" into "+recordsFile)
)

// measured has what the benchmarks have measured, and of what.
var measured struct {
	programs *programs
	rows     []result
	growth   []grown
	rounds   int  // the most of any row
	failed   bool // a bar is missed that does not depend on the machine
}

// shared returns the programs that are measured, which are built once.
var shared = sync.OnceValue(func() *programs {
	p, err := newPrograms(*recorded)
	measured.programs = p
	if err != nil {
		panic(err)
	}
	return p
})

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// run runs the benchmarks, tells what they have measured, and returns the exit code.
func run(m *testing.M) (code int) {
	defer func() {
		if measured.programs == nil {
			return
		}
		if err := os.RemoveAll(measured.programs.folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	code = m.Run()
	switch asked := flag.Lookup("test.bench").Value.String(); {
	case len(measured.rows)+len(measured.growth) > 0:
		if err := tell(measured.programs); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	case asked != "" && code == 0:
		fmt.Fprintf(os.Stderr, "no row is named as in %s; the rows are", asked)
		for _, r := range rows() {
			fmt.Fprint(os.Stderr, " ", r.name)
		}
		fmt.Fprintln(os.Stderr, " growth-files growth-bytes")
		code = 1
	}
	return code
}

// tell prints what was measured, and writes it where it is to be written.
func tell(p *programs) error {
	records, err := readRecords()
	if err != nil {
		return err
	}
	if *record {
		records.replace(measured.rows)
		if err := records.save(); err != nil {
			return err
		}
	}
	t := table{records: records, programs: p, speed: 1}
	if p.other == "" && len(measured.rows) > 0 {
		t.speed = calibrated() / records.value(theMachine, "calibration", cpu)
		fmt.Printf("\nCompared with recorded figures of %s, since it was %s. Processor seconds are scaled: what took 1 s there takes "+
			"%.2f s here. Ratios of seconds say little.\n", before, p.why, t.speed)
	}
	fmt.Printf("\n%s\n\n%s%s", t.about(), t.lines(measured.rows), growthLines(measured.growth))
	if *write {
		if err := writePage(t); err != nil {
			return err
		}
	}
	if measured.failed {
		return errors.New("a bar is missed that does not depend on the machine")
	}
	return nil
}

// result is what the runs of a row took.
type result struct {
	row   row
	now   []sample
	other []sample            // of [before]
	peers map[string][]sample // by name, of those that are installed
}

// BenchmarkRow measures the rows of docs/performance.md: each program of a row runs once in each round, one after the other, since other
// work on the machine slows all of them.
func BenchmarkRow(b *testing.B) {
	for _, r := range rows() {
		b.Run(r.name, func(b *testing.B) {
			p, folder := shared(), r.prepare(b)
			result := result{row: r, peers: map[string][]sample{}}
			for b.Loop() {
				if r.few && len(result.now) > 0 {
					continue
				}
				times := 1
				if r.short {
					times = often
				}
				for range times {
					result.run(b, p, folder)
				}
			}
			b.ReportMetric(0, "ns/op") // of all programs together: it says nothing
			measured.rows, measured.rounds = append(measured.rows, result), max(measured.rounds, b.N)
		})
	}
}

// run runs each program of the row once.
func (r *result) run(b *testing.B, p *programs, folder string) {
	b.Helper()
	r.now = append(r.now, r.row.do(b, p.now, folder))
	if p.other != "" {
		if s := r.row.do(b, p.other, folder); s != nil {
			r.other = append(r.other, s)
		}
	}
	for _, peer := range r.row.peers {
		if s := peer.do(b, p.now, folder); s != nil {
			r.peers[peer.name] = append(r.peers[peer.name], s)
		}
	}
}

// median returns the median of one figure, or 0 without samples.
func median(samples []sample, figure string) float64 {
	if len(samples) == 0 {
		return 0
	}
	var values []float64
	for _, s := range samples {
		values = append(values, s[figure])
	}
	slices.Sort(values)
	return (values[len(values)/2] + values[(len(values)-1)/2]) / 2
}
