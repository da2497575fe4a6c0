package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// chart sets how the chart is drawn: one colour, names to the left of the bars, and faint lines, because labels cross them.
const chart = `%%{init: {"gantt": {"numberSectionStyles": 1, "leftPadding": 110, "topPadding": 50, "gridLineStartPadding": 50, ` +
	`"barHeight": 16, "barGap": 4, "fontSize": 12, "sectionFontSize": 12}, ` +
	`"themeCSS": ".grid .tick line { opacity: 0.25 } .grid path { stroke: none } .section { opacity: 0.08 }"}}%%`

// timeline writes a chart of the phases, which GitHub renders. Its labels are the program's own: it contains no text from outside.
func timeline(b *strings.Builder, r ledger.Receipt) {
	whole := elapsed(r.Began, r.Ended)
	if len(r.Phases) < 2 || whole <= 0 {
		return
	}
	tick, axis := ticks(whole)
	fmt.Fprintf(b, "<details><summary>Timeline</summary>\n\n```mermaid\n%s\n"+
		"gantt\n    dateFormat x\n    axisFormat %s\n    tickInterval %s\n    todayMarker off\n",
		chart, axis, tick)
	least := max(1, whole.Milliseconds()/200) // a bar must be wide enough to be visible
	for _, p := range r.Phases {
		if p.End.IsZero() {
			continue
		}
		from, to := elapsed(r.Began, p.Began).Milliseconds(), elapsed(r.Began, p.End).Milliseconds()
		fmt.Fprintf(b, "    section %s\n    %s :%d, %d\n", phaseTitle(p.Name), duration(elapsed(p.Began, p.End)), from, max(to, from+least))
	}
	b.WriteString("```\n\n</details>\n\n")
}

// ticks returns the distance between the lines of the chart, four to eight for the whole, and the format of their times. Times are in
// seconds, because minutes and hours would be in the viewer's time zone.
func ticks(whole time.Duration) (every, axis string) {
	for _, unit := range []struct {
		length time.Duration
		name   string
		axis   string
		steps  []time.Duration
	}{
		{time.Millisecond, "millisecond", "%-S.%L s", []time.Duration{1, 2, 5, 10, 20, 50, 100, 200, 500}},
		{time.Second, "second", "%s s", []time.Duration{1, 2, 5, 10, 15, 30}},
		{time.Minute, "minute", "%s s", []time.Duration{1, 2, 5, 10, 15, 30}},
	} {
		for _, n := range unit.steps {
			if whole <= 8*n*unit.length {
				return fmt.Sprintf("%d%s", n, unit.name), unit.axis
			}
		}
	}
	return "1hour", "%s s"
}
