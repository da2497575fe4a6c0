package setup

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// Migration is one step of a workflow that publishes with something else.
type Migration struct {
	Path string   // of the workflow, relative to the checkout
	Line int      // of the first line that changes, counted from 1
	With string   // what publishes now, such as pypa/gh-action-pypi-publish
	Was  []string // the lines that go
	Now  []string // the lines that come instead
	Also []string // what else has to change in the job, for people
}

// workflow is one workflow of the checkout.
type workflow struct {
	file string // its name in workflowsDir
	text []string
	jobs []job
}

// job is one job of a workflow.
type job struct {
	node        *yaml.Node
	environment string
	identified  bool // may request ID tokens
	steps       []*yaml.Node
}

// readWorkflows reads the workflows of a checkout.
func readWorkflows(dir string) (all []workflow, unreadable []Unreadable) {
	var paths []string
	for _, pattern := range []string{"*.yml", "*.yaml"} {
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(workflowsDir), pattern))
		if err == nil { // the pattern is valid, unless the folder's name has brackets
			paths = append(paths, found...)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		text, err := localfile.Read(path, longest)
		var document yaml.Node
		if err == nil {
			err = yaml.Unmarshal(text, &document)
		}
		if err != nil {
			unreadable = append(unreadable, Unreadable{slashed(dir, path), err.Error()})
			continue
		}
		w := workflow{file: filepath.Base(path), text: strings.Split(string(text), "\n")}
		w.jobs = jobsOf(&document)
		all = append(all, w)
	}
	return all, unreadable
}

// jobsOf returns the jobs of a workflow.
func jobsOf(document *yaml.Node) (jobs []job) {
	if len(document.Content) == 0 {
		return nil
	}
	top := document.Content[0]
	inherited := mayIdentify(member(top, "permissions"))
	all := member(top, "jobs")
	if all == nil || all.Kind != yaml.MappingNode {
		return nil
	}
	for i := 1; i < len(all.Content); i += 2 {
		j := job{node: all.Content[i], identified: inherited}
		if own := member(j.node, "permissions"); own != nil {
			j.identified = mayIdentify(own)
		}
		if environment := member(j.node, "environment"); environment != nil {
			j.environment = environment.Value
			if name := member(environment, "name"); name != nil {
				j.environment = name.Value
			}
		}
		if steps := member(j.node, "steps"); steps != nil && steps.Kind == yaml.SequenceNode {
			j.steps = steps.Content
		}
		jobs = append(jobs, j)
	}
	return jobs
}

// mayIdentify reports whether permissions include ID tokens.
func mayIdentify(permissions *yaml.Node) bool {
	if permissions == nil {
		return false
	}
	if token := member(permissions, "id-token"); token != nil {
		return token.Value == "write"
	}
	return permissions.Value == "write-all"
}

// member returns the value of a key, or nil.
func member(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// actions are those that publish, in lower case, without their ref.
func actions() []string {
	return []string{"pypa/gh-action-pypi-publish", "jrubics/poetry-publish", "etils-actions/pypi-auto-publish", "casperdcl/deploy-pypi"}
}

// commands are what publishes in a shell, by the program.
func commands() *regexp.Regexp {
	const runners = `(?:pipx run |uvx |uv run |python3? -m |poetry run |hatch run |pdm run )?`
	const programs = `((?:uv|poetry|flit|hatch|pdm|maturin) publish|(?:twine|maturin) upload)`
	return regexp.MustCompile(`(?:^|[;&|]\s*|\s)` + runners + programs + `\b`)
}

// publishes returns what a step publishes with, or an empty string.
func publishes(step *yaml.Node) string {
	if uses := member(step, "uses"); uses != nil {
		name, _, _ := strings.Cut(uses.Value, "@")
		if slices.Contains(actions(), strings.ToLower(name)) {
			return name
		}
	}
	if run := member(step, "run"); run != nil {
		if match := commands().FindStringSubmatch(run.Value); match != nil {
			return match[1]
		}
	}
	return ""
}

// publishers returns the publishers of a workflow: of its jobs that publish, with this action or another one.
func (w workflow) publishers(o Options) (all []Publisher) {
	ours, _, _ := strings.Cut(o.Action, "@")
	for _, j := range w.jobs {
		for _, step := range j.steps {
			uses := member(step, "uses")
			own := uses != nil && strings.HasPrefix(uses.Value, ours+"@")
			p := Publisher{w.file, j.environment}
			if (own || publishes(step) != "") && !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// migrations returns the steps of a workflow that publish with something else, and what they become.
func (w workflow) migrations(o Options) (all []Migration) {
	for _, j := range w.jobs {
		for _, step := range j.steps {
			if with := publishes(step); with != "" {
				all = append(all, w.migration(o, j, step, with))
			}
		}
	}
	return all
}

func (w workflow) migration(o Options, j job, step *yaml.Node, with string) Migration {
	m := Migration{Path: workflowsDir + "/" + w.file, Line: step.Line, With: with}
	if !j.identified {
		m.Also = append(m.Also, "give the job the permission `id-token: write`: without it there is no Trusted Publishing")
	}
	if j.environment == "" {
		m.Also = append(m.Also, "give the job an `environment`, such as "+cmp.Or(o.Environment, "pypi")+
			", and the publisher the same one: so only this job can publish, after an approval if you want")
	}
	uses := member(step, "uses")
	if uses == nil || !strings.Contains(w.text[uses.Line-1], uses.Value) { // a command, or a name in several lines
		m.Was, m.Now = w.lines(step.Line, lastLine(step)), w.newStep(o, step)
		m.Also = append(m.Also, "the step with `"+with+"` may do more than publish: keep the rest; the secret is no longer needed")
		return m
	}
	m.Line = uses.Line
	line := w.text[uses.Line-1]
	m.Was, m.Now = []string{line}, []string{line[:strings.Index(line, uses.Value)-quoted(uses)] + o.Action}
	if inputs := member(step, "with"); inputs != nil && inputs.Kind == yaml.MappingNode {
		w.renameInputs(o, &m, uses, inputs)
	}
	return m
}

// renameInputs adds the inputs of a step with another action to a migration: what has another name here, and what is not needed any more.
// Inputs that do not stand below the action, each on lines of its own, are left to people.
func (w workflow) renameInputs(o Options, m *Migration, uses, inputs *yaml.Node) {
	byHand := inputs.Style&yaml.FlowStyle != 0 || inputs.Line <= uses.Line
	last := uses.Line
	changed, kept := map[int]string{}, 0
	var also []string
	for i := 0; i+1 < len(inputs.Content); i += 2 {
		key, end := inputs.Content[i], lastLine(inputs.Content[i+1])
		name := strings.ReplaceAll(key.Value, "_", "-")
		byHand = byHand || key.Line <= last
		last = max(end, key.Line)
		switch {
		case name == "password" || name == "user":
			also = append(also, fmt.Sprintf("the input `%s` and its secret are no longer needed: remove the secret", key.Value))
		case !slices.Contains(o.Inputs, name):
			also = append(also, fmt.Sprintf("this action has no input `%s`", key.Value))
		default:
			kept++
			if !byHand && name != key.Value {
				changed[key.Line] = strings.Replace(w.text[key.Line-1], key.Value, name, 1)
			}
			continue
		}
		for n := key.Line; n <= last; n++ {
			changed[n] = "" // goes
		}
	}
	if byHand {
		m.Also = append(append(m.Also, also...), "write the names of inputs with hyphens, not with underscores")
		return
	}
	m.Also = append(m.Also, also...)
	if len(changed) == 0 {
		return
	}
	m.Was = w.lines(uses.Line, last)
	for n := uses.Line + 1; n <= last; n++ {
		text, is := changed[n]
		switch {
		case kept == 0 && strings.TrimSpace(w.text[n-1]) == "with:":
		case !is:
			m.Now = append(m.Now, w.text[n-1])
		case text != "":
			m.Now = append(m.Now, text)
		}
	}
}

// quoted returns how many characters stand before a value that is quoted.
func quoted(n *yaml.Node) int {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return 1
	}
	return 0
}

// newStep returns a step with this action in the place of another one, with the same indentation.
func (w workflow) newStep(o Options, step *yaml.Node) []string {
	before := w.text[step.Line-1]
	dash := strings.Index(before, "-")
	if dash < 0 || strings.TrimSpace(before[:dash]) != "" {
		dash = max(step.Column-3, 0)
	}
	return []string{strings.Repeat(" ", dash) + "- uses: " + o.Action}
}

// lines returns lines of the workflow, counted from 1.
func (w workflow) lines(first, last int) []string {
	return slices.Clone(w.text[first-1 : min(max(last, first), len(w.text))])
}

// lastLine returns the last line of a node, counted from 1. That of a text in several lines is known by its line ends.
func lastLine(n *yaml.Node) int {
	last := n.Line
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		last += strings.Count(strings.TrimRight(n.Value, "\n"), "\n") + 1
	}
	for _, child := range n.Content {
		last = max(last, lastLine(child))
	}
	return last
}
