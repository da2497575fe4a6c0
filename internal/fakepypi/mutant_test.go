package fakepypi_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// mutant makes a wheel or an sdist with one to three changes. The same random numbers make the same file.
type mutant struct {
	random *rand.Rand
	values map[string][]string
	done   []string // what was changed

	wheel                 bool
	licensed              bool // has its license files
	headers               [][2]string
	description           string
	project, version      string // in the file name and the folders
	build, tags, ending   string
	members               []disttest.Member
	folder                string // that of the metadata
	withoutIt, truncateIt string
}

// make returns the name and the content of a file.
func (m *mutant) make() (name string, content []byte) {
	m.wheel, m.licensed = m.random.IntN(2) == 0, m.random.IntN(2) == 0
	m.project, m.version, m.tags = "alder", "1.0", "py3-none-any"
	m.headers = [][2]string{{"Metadata-Version", "2.4"}, {"Name", "alder"}, {"Version", "1.0"}}
	if m.random.IntN(2) == 0 {
		m.headers = append(m.headers, [2]string{"Description-Content-Type", "text/plain"})
		m.description = "A tree.\n"
	}
	changes := []func(){m.field, m.field, m.field, m.field, m.garbled, m.garbled, m.describe, m.twice, m.fileName, m.archive}
	for range 1 + m.random.IntN(3) {
		changes[m.random.IntN(len(changes))]()
	}
	return m.assemble()
}

func (m *mutant) note(format string, args ...any) {
	m.done = append(m.done, fmt.Sprintf(format, args...))
}

func (m *mutant) pick(from []string) string { return from[m.random.IntN(len(from))] }

// set gives a field a value: it replaces the first of the field, or is added.
func (m *mutant) set(field, value string) {
	value = strings.NewReplacer("\n", " ", "\r", " ").Replace(value)
	m.note("%s: %q", field, value)
	at := slices.IndexFunc(m.headers, func(h [2]string) bool { return h[0] == field })
	if at < 0 {
		m.headers = append(m.headers, [2]string{field, value})
		return
	}
	m.headers[at][1] = value
}

// aField returns the name of a field that has values.
func (m *mutant) aField() string {
	fields := slices.Sorted(maps.Keys(m.values))
	return m.pick(slices.DeleteFunc(fields, func(name string) bool { return strings.ContainsAny(name, "/.") }))
}

// field gives a field one of its values, which is good or bad.
func (m *mutant) field() {
	field := m.aField()
	value := m.pick(m.values[field])
	m.set(field, value)
	if strings.HasPrefix(field, "Import-N") || m.random.IntN(8) == 0 {
		m.set("Metadata-Version", "2.5")
	}
}

// garbled gives a field one of its values with a character replaced, added or taken away.
func (m *mutant) garbled() {
	field := m.aField()
	value := []rune(m.pick(m.values[field]))
	at := m.random.IntN(len(value) + 1)
	character := []rune(
		m.pick(
			[]string{
				" ",
				".",
				"-",
				"_",
				"@",
				";",
				",",
				"<",
				">",
				"(",
				")",
				"[",
				"]",
				"\"",
				"'",
				"\\",
				"/",
				":",
				"é",
				"１",
				"\u00a0",
				"ß",
				"%",
				"=",
				"*",
				"+",
				"!",
				"x",
				"0",
			},
		),
	)
	switch m.random.IntN(3) {
	case 0:
		value = slices.Insert(value, at, character...)
	case 1:
		value = append(value[:at:at], append(character, value[min(at+1, len(value)):]...)...)
	default:
		value = append(value[:at:at], value[min(at+1, len(value)):]...)
	}
	m.set(field, string(value))
}

// describe gives the file a description in a format.
func (m *mutant) describe() {
	format := m.pick([]string{"text/markdown", "text/x-rst", ""})
	m.headers = slices.DeleteFunc(m.headers, func(h [2]string) bool { return h[0] == "Description-Content-Type" })
	texts := format
	if format != "" {
		m.set("Description-Content-Type", format)
	} else {
		texts = "text/x-rst"
	}
	m.description = m.pick(m.values[texts])
	m.note("description %q", m.description)
}

// twice repeats a field, takes one away, or writes its name in capitals.
func (m *mutant) twice() {
	at := m.random.IntN(len(m.headers))
	h := m.headers[at]
	switch m.random.IntN(3) {
	case 0:
		m.note("%s twice", h[0])
		m.headers = append(m.headers, h)
	case 1:
		m.note("no %s", h[0])
		m.headers = slices.Delete(m.headers, at, at+1)
	default:
		m.note("%s in capitals", h[0])
		m.headers[at][0] = strings.ToUpper(h[0])
	}
}

// fileName changes a part of the file's name.
func (m *mutant) fileName() {
	switch m.random.IntN(6) {
	case 0:
		m.project = m.pick([]string{"Alder", "elder", "al_der", "alder_", "", "ål", "alder__x", "al.der"})
	case 1:
		m.version = m.pick([]string{"1.0.0", "1", "1.0+local", "v1.0", "1.0.post1", "x", "", "1.0 ", "01.0", "1!1.0"})
	case 2:
		m.build = m.pick([]string{"1", "1a", "x", "0", "", "٣"})
		m.note("build %q", m.build)
		m.build = "-" + m.build
	case 3:
		m.tags = m.pick([]string{
			"py3-none-linux_x86_64",
			"py2.py3-none-any",
			"py3..cp312-none-any",
			"cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64",
			"py3-none-macosx_10_9_universal2",
			"py3-none-macosx_11_1_arm64",
			"py3-none-win32",
			"py3-none-ANY",
			"py3-none-",
			"py3-none",
			"py3-none-any-x",
			"py3-none-musllinux_1_2_ppc64",
			"py3-none-ios_13_0_arm64_iphoneos",
			"py3-none-pyemscripten_2024_0_wasm32",
			"py3-none-any.",
			"--any",
		})
	case 4:
		m.ending = m.pick([]string{".zip", ".WHL", ".tar.bz2", ".tgz", ".egg", ".Tar.Gz"})
	default:
		m.tags = "py3-none-any" + strings.Repeat(".any", m.random.IntN(58))
	}
	m.note("named %s %s%s-%s%s", m.project, m.version, m.build, m.tags, m.ending)
}

// archive changes a member of the archive.
func (m *mutant) archive() {
	switch m.random.IntN(5) {
	case 0:
		m.withoutIt = m.pick([]string{"WHEEL", "RECORD", "METADATA", "PKG-INFO"})
		m.note("without %s", m.withoutIt)
	case 1:
		m.members = append(
			m.members,
			disttest.Member{Name: m.pick([]string{"other/x.py", "x.py", "alder-1.0/y.py", "alder/\x01.py", "../x"}), Content: "x"},
		)
		m.note("member %q", m.members[len(m.members)-1].Name)
	case 2:
		m.members = append(m.members, disttest.Member{Name: "entry_points.txt", Content: m.pick(m.values["entry_points.txt"])})
		m.note("entry points %q", m.members[len(m.members)-1].Content)
	case 3:
		m.folder = m.pick([]string{"Alder-1.0", "alder-1.0.0", "alder"})
		m.note("folder %s", m.folder)
	default:
		m.truncateIt = m.pick([]string{"end", "middle", "more"})
		m.note("truncated at %s", m.truncateIt)
	}
}

// assemble returns the file as it was changed.
func (m *mutant) assemble() (name string, content []byte) {
	var metadata strings.Builder
	for _, h := range m.headers {
		metadata.WriteString(h[0] + ": " + h[1] + "\n")
	}
	if m.description != "" {
		metadata.WriteString("\n" + m.description)
	}
	ending := m.ending
	stem := m.project + "-" + m.version
	folder := stem
	if m.folder != "" {
		folder = m.folder
	}
	var members []disttest.Member
	if m.wheel {
		if ending == "" {
			ending = ".whl"
		}
		name = stem + m.build + "-" + m.tags + ending
		info := folder + ".dist-info/"
		for _, add := range m.members {
			if add.Name == "entry_points.txt" {
				add.Name = info + add.Name
			}
			members = append(members, add)
		}
		members = append(members, disttest.Member{Name: info + "METADATA", Content: metadata.String()},
			disttest.Member{Name: info + "WHEEL", Content: "Wheel-Version: 1.0\n"})
		members = append(members, disttest.Record(info, members...))
	} else {
		if ending == "" {
			ending = ".tar.gz"
		}
		name = stem + ending
		members = append(members, disttest.Member{Name: folder + "/PKG-INFO", Content: metadata.String()})
		for _, add := range m.members {
			if add.Name == "entry_points.txt" {
				add.Name = folder + "/" + add.Name
			}
			members = append(members, add)
		}
	}
	if m.licensed {
		for _, h := range m.headers {
			if place := map[bool]string{true: folder + ".dist-info/licenses/", false: folder + "/"}[m.wheel]; h[0] == "License-File" &&
				!strings.HasSuffix(h[1], "/") &&
				!strings.Contains(h[1], "\x00") {
				members = append(members, disttest.Member{Name: place + h[1], Content: "MIT"})
			}
		}
	}
	members = slices.DeleteFunc(members, func(one disttest.Member) bool {
		return m.withoutIt != "" && strings.HasSuffix(one.Name, "/"+m.withoutIt)
	})
	if m.wheel || ending == ".zip" {
		content = disttest.Zip(members...)
	} else {
		content = disttest.TarGz(members...)
	}
	switch m.truncateIt {
	case "end":
		content = content[:len(content)-1-m.random.IntN(20)]
	case "middle":
		content = content[:m.random.IntN(len(content))]
	case "more":
		content = append(content, make([]byte, 1+m.random.IntN(20))...)
	}
	return name, content
}
