package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// recipe is what the final stage of the Dockerfile says about the image, and the tags of the stage that builds. The file stays the one
// place where that is written: what this program assembles and what a container engine builds differ in nothing that a container can see.
type recipe struct {
	Entrypoint []string
	Labels     map[string]string
	Tags       string   // for go build, with commas between them
	Compiler   []string // flags for go build: with which flags which packages are compiled
}

// readRecipe reads the final stage, and ARG TAGS and ARG GCFLAGS of the one before. Of the final stage it understands the few
// instructions that stage may have, and fails on any other: one that it skipped would make two images out of one file.
func readRecipe(path string, arguments map[string]string) (recipe, error) {
	file, err := os.Open(path)
	if err != nil {
		return recipe{}, err
	}
	defer file.Close()
	r, final, known := recipe{Labels: map[string]string{}}, false, map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "FROM":
			final = rest == "scratch"
		case !final && strings.HasPrefix(line, "ARG TAGS="):
			r.Tags = strings.TrimPrefix(line, "ARG TAGS=")
		case !final && strings.HasPrefix(line, "ARG GCFLAGS="):
			r.Compiler = strings.Fields(strings.Trim(strings.TrimPrefix(line, "ARG GCFLAGS="), `"`))
		case !final || line == "" || word == "#":
		case word == "ARG":
			name, standard, _ := strings.Cut(rest, "=")
			if known[name] = arguments[name]; known[name] == "" {
				known[name] = standard
			}
		case word == "LABEL":
			if err := r.label(rest, known); err != nil {
				return recipe{}, err
			}
		case word == "ENTRYPOINT":
			if err := json.Unmarshal([]byte(rest), &r.Entrypoint); err != nil {
				return recipe{}, fmt.Errorf("%s: ENTRYPOINT must be in exec form: %w", path, err)
			}
		case line == "COPY --from=build /image /":
		default:
			return recipe{}, fmt.Errorf("%s: the final stage has a line that is not understood here: %s", path, line)
		}
	}
	if len(r.Entrypoint) != 1 || !strings.HasPrefix(r.Entrypoint[0], "/") {
		return recipe{}, fmt.Errorf("%s: the final stage must be scratch, with one absolute entry point", path)
	}
	if r.Tags == "" {
		return recipe{}, fmt.Errorf("%s: the stage that builds has no ARG TAGS=…", path)
	}
	if len(r.Compiler) == 0 {
		return recipe{}, fmt.Errorf("%s: the stage that builds has no ARG GCFLAGS=…", path)
	}
	return r, nil
}

// label reads NAME="VALUE", where the value may name arguments as $NAME. An engine writes a label without a value too, so we do.
func (r recipe) label(text string, arguments map[string]string) error {
	name, quoted, _ := strings.Cut(text, "=")
	value, opened := strings.CutPrefix(quoted, `"`)
	value, closed := strings.CutSuffix(value, `"`)
	if !opened || !closed || strings.ContainsAny(value, `"\`) {
		return fmt.Errorf(`write LABEL NAME="VALUE", one a line: %s`, text)
	}
	var unknown string
	r.Labels[name] = os.Expand(value, func(argument string) string {
		if _, ok := arguments[argument]; !ok {
			unknown = argument
		}
		return arguments[argument]
	})
	if unknown != "" {
		return fmt.Errorf("label %s: there is no ARG %s in the final stage", name, unknown)
	}
	return nil
}
