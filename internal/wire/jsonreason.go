package wire

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// The limits of what is read of a reason in JSON. Its text is bounded by the caller.
const (
	deepestReason = 6
	mostReasons   = 20
)

// jsonReason returns the texts of a JSON document of any shape in which a server gives its reason: nested objects, lists, fields with a
// list of what is wrong with each. Texts that are no reason, such as a request's number, are left out where there is one. It is empty if
// there is no text at all.
func jsonReason(body []byte) string {
	var document any
	if json.Unmarshal(body, &document) != nil {
		return ""
	}
	return strings.Join(reasonsIn(document, 0), "; ")
}

// reasonsIn returns the texts of a value, at most [mostReasons].
func reasonsIn(value any, depth int) []string {
	if depth > deepestReason {
		return nil
	}
	var all []string
	switch value := value.(type) {
	case string:
		if text := strings.TrimSpace(value); text != "" {
			all = []string{text}
		}
	case []any:
		for _, each := range value {
			all = append(all, reasonsIn(each, depth+1)...)
			if len(all) >= mostReasons {
				break
			}
		}
	case map[string]any:
		all = reasonsOf(value, depth)
	}
	return all[:min(len(all), mostReasons)]
}

// reasonsOf returns the texts of the members that have a reason by their name; without those, of all, each with its name.
func reasonsOf(members map[string]any, depth int) (all []string) {
	for _, name := range []string{
		"message", "msg", "title", "detail", "details", "reason", "error", "error_description", "errors",
		"description",
	} {
		all = append(all, reasonsIn(members[name], depth+1)...)
	}
	if len(all) > 0 {
		return all
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		for _, text := range reasonsIn(members[name], depth+1) {
			all = append(all, name+": "+text)
		}
	}
	return all
}
