package publish

import (
	"fmt"
	"strings"
)

// listSome names the first of many things.
func listSome(names []string) string {
	const most = 10
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
