package preflight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/native"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/platform"
)

// The rules in this file compare the tags of a wheel with what its members are. An index does not look at these; installers believe the
// tags, and users see that a module cannot be imported. Where a tag or a member is not understood, nothing is said.

// promise is what one platform tag of a wheel says.
type promise struct {
	tag      string
	parts    platform.Tag
	format   native.Format
	machines []native.Machine // all of which it is for
}

// promises returns what the platform tags of a wheel say, and false unless all of them are understood.
func promises(d *distfile.Distribution) (all []promise, known bool) {
	name, err := pep.ParseWheelName(d.Name)
	if err != nil || !readable(d, distfile.Wheel) || len(d.Native) == 0 {
		return nil, false
	}
	for tag := range strings.SplitSeq(strings.ToLower(name.Platform), ".") {
		parts, known := platform.Parse(tag)
		p := promise{tag: tag, parts: parts, format: native.ELF, machines: machinesOf(parts.Arch)}
		switch parts.Family {
		case platform.Windows:
			p.format = native.PE
		case platform.MacOS, platform.IOS, platform.Simulator:
			p.format = native.MachO
		}
		if !known || len(p.machines) == 0 {
			return nil, false
		}
		all = append(all, p)
	}
	return all, true
}

// machinesOf returns the machines that the architecture of a platform tag stands for. What else a tag such as intel stood for is history.
func machinesOf(arch string) []native.Machine {
	switch arch {
	case "x86", "i386", "i686":
		return []native.Machine{native.X86}
	case "amd64", "x86_64", "intel":
		return []native.Machine{native.X8664}
	case "armv6l", "armv7l", "armeabi_v7a":
		return []native.Machine{native.ARM}
	case "arm64", "aarch64", "arm64_v8a":
		return []native.Machine{native.ARM64}
	case "universal2":
		return []native.Machine{native.X8664, native.ARM64}
	case "ppc64":
		return []native.Machine{native.PPC64}
	case "ppc64le":
		return []native.Machine{native.PPC64LE}
	case "s390x":
		return []native.Machine{native.S390X}
	case "riscv64":
		return []native.Machine{native.RISCV64}
	default:
		return nil
	}
}

// runs reports whether a tag is for systems that can run a file: of its format, and for one of its machines.
func (p promise) runs(b native.Binary) bool {
	return p.format == b.Format && slices.ContainsFunc(p.machines, b.Has)
}

// members names those that have a fact.
func members(n distfile.Native) string {
	if n.More == 0 {
		return quote(n.Member)
	}
	return fmt.Sprintf("%s (and %s)", quote(n.Member), phrase.Count(n.More, "more member"))
}

// merged returns one of the facts with the same key, with the number of their members; none with an empty key.
func merged(facts []distfile.Native, key func(distfile.Native) string) (all []distfile.Native) {
	at := map[string]int{}
	for _, n := range facts {
		k := key(n)
		i, again := at[k]
		switch {
		case k == "":
		case again:
			all[i].More += n.More + 1
		default:
			at[k], all = len(all), append(all, n)
		}
	}
	return all
}

// wheelTag reports a WHEEL file whose tags are not those of the file name. Neither the older names of manylinux, nor upper case, nor tags
// that stand together in one line make a difference.
func wheelTag(d *distfile.Distribution) (message, fix string) {
	name, err := pep.ParseWheelName(d.Name)
	if err != nil || d.WheelFile == nil || !readable(d, distfile.Wheel) {
		return "", ""
	}
	written := d.WheelFile.Values("Tag")
	named, inName := tagSet(name.Tags())
	listed, inFile := tagSet(written...)
	if !inName || !inFile || len(listed) == 0 || slices.Equal(named, listed) {
		return "", ""
	}
	difference := fmt.Sprintf("not the tag %s", quote(elide(cmp.Or(firstOf(named, listed), firstOf(listed, named)))))
	if firstOf(named, listed) == "" {
		difference = fmt.Sprintf("the tag %s too", quote(elide(firstOf(listed, named))))
	} else if extra := firstOf(listed, named); extra != "" {
		difference = fmt.Sprintf("%s instead of %s", quote(elide(extra)), quote(elide(firstOf(named, listed))))
	}
	return "the tags in the WHEEL file are not those of the file name: it has " + difference,
		"change both together with `wheel tags`, instead of renaming the file"
}

// firstOf returns the first text that is in a and not in b, or an empty one. Both are sorted.
func firstOf(a, b []string) string {
	if at := firstOnlyIn(a, b, strings.Compare); at >= 0 {
		return a[at]
	}
	return ""
}

// tagSet returns the single tags that compressed ones stand for, sorted; false if they have not the form of tags, or are too many.
func tagSet(compressed ...string) (all []string, ok bool) {
	const most = 1 << 12
	for _, tag := range compressed {
		parts := strings.Split(strings.ToLower(strings.TrimSpace(tag)), "-")
		if len(parts) != 3 {
			return nil, false
		}
		pythons, abis, platforms := strings.Split(parts[0], "."), strings.Split(parts[1], "."), strings.Split(parts[2], ".")
		if len(all)+len(pythons)*len(abis)*len(platforms) > most {
			return nil, false
		}
		for _, python := range pythons {
			for _, abi := range abis {
				for _, one := range platforms {
					if t, known := platform.Parse(one); known && t.Family == platform.ManyLinux {
						one = fmt.Sprintf("manylinux_%d_%d_%s", t.Major, t.Minor, t.Arch)
					}
					all = append(all, python+"-"+abi+"-"+one)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), true
}

// wheelMachine reports members for another kind of system or machine than the tags. A universal file, of which a part may be missing, is
// left to wheelMacOS, and what names its machine in its path is meant.
func wheelMachine(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		all, known := promises(d)
		if !known {
			continue
		}
		for _, n := range merged(d.Native, func(n distfile.Native) string { return foreign(n, all) }) {
			found = append(found, refusal(d,
				fmt.Sprintf("%s is a file in the format %s for %s, which systems of the tag %s do not load",
					members(n), n.Format, machineNames(n.Machines()), all[0].tag),
				"build or copy it for the machine of the tag, or correct the tag; what is meant for other machines belongs in a folder "+
					"with the name of the machine"))
		}
	}
	return found
}

// foreign returns the format and the machines of a file that no tag is for; else it is empty.
func foreign(n distfile.Native, all []promise) string {
	if n.Launcher || n.Named && n.ABI == "" {
		return ""
	}
	for _, p := range all {
		if p.runs(n.Binary) || p.format == native.MachO && n.Format == native.MachO {
			return ""
		}
	}
	return string(n.Format) + " " + machineNames(n.Machines())
}

func machineNames(all []native.Machine) string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = string(m)
	}
	return strings.Join(names, " and ")
}

// wheelMacOS reports members of a wheel for macOS or iOS that lack a machine of the tags, or need a newer system. Of each kind there is one
// finding, for the first member and for the one with the newest system.
func wheelMacOS(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		all, known := promises(d)
		if !known {
			continue
		}
		if f, lacks := lacksMachine(d, all); lacks {
			found = append(found, f)
		}
		if f, newer := needsNewerSystem(d, all); newer {
			found = append(found, f)
		}
	}
	return found
}

func lacksMachine(d *distfile.Distribution, all []promise) (f finding.Finding, lacks bool) {
	for _, n := range d.Native {
		if n.Format != native.MachO || n.Named && n.ABI == "" {
			continue
		}
		for _, p := range all {
			for _, m := range p.machines {
				if p.format == native.MachO && !n.Has(m) {
					return refusal(d,
						fmt.Sprintf("%s has code for %s, and not for %s, which the tag %s promises",
							members(n), machineNames(n.Machines()), m, p.tag),
						"build it for all architectures of the tag, such as by ARCHFLAGS=\"-arch x86_64 -arch arm64\" for universal2, or "+
							"correct the tag with wheel tags --remove --platform-tag"), true
				}
			}
		}
	}
	return f, false
}

func needsNewerSystem(d *distfile.Distribution, all []promise) (f finding.Finding, newer bool) {
	var newest native.Version
	for _, n := range d.Native {
		for _, part := range n.Parts {
			p, oldest := promised(all, part)
			if p == nil || !tooNew(part, oldest) || part.Oldest.Compare(newest) <= 0 {
				continue
			}
			newest = part.Oldest
			f, newer = refusal(d,
				fmt.Sprintf("%s needs %s %s (%s), but the tag %s promises that %s is enough",
					members(n), part.System, part.Oldest, part.Machine, p.tag, oldest),
				fmt.Sprintf("set the deployment target (MACOSX_DEPLOYMENT_TARGET) to %s for everything that is built, or correct the tag",
					oldest)), true
		}
	}
	return f, newer
}

// firstOnARM is the first macOS that runs on ARM64: older tags count as this one there.
var firstOnARM = native.Version{Major: 11}

// promised returns the tag with the oldest system on which a part of a file is to run, and that system; nil if there is none.
func promised(all []promise, part native.Part) (by *promise, oldest native.Version) {
	for i, p := range all {
		if part.System == "" || systemOf(p.parts.Family) != part.System || !slices.Contains(p.machines, part.Machine) {
			continue
		}
		version := native.Version{Major: p.parts.Major, Minor: p.parts.Minor}
		onARM := part.System == native.MacOS && part.Machine == native.ARM64 && version.Compare(firstOnARM) < 0
		if onARM || version == (native.Version{Major: 10, Minor: 16}) { // what older programs call macOS 11
			version = firstOnARM
		}
		if by == nil || version.Compare(oldest) < 0 {
			by, oldest = &all[i], version
		}
	}
	return by, oldest
}

// systemOf returns the system of a family of tags, as Mach-O files name it; empty if it is not one of Apple's.
func systemOf(f platform.Family) native.System {
	switch f {
	case platform.MacOS:
		return native.MacOS
	case platform.IOS:
		return native.IOS
	case platform.Simulator:
		return native.Simulator
	default:
		return ""
	}
}

// tooNew reports whether a part needs a newer system than the oldest that is promised. From macOS 11 on a tag has the first number alone.
func tooNew(part native.Part, oldest native.Version) bool {
	needs := part.Oldest
	if part.System == native.MacOS && oldest.Major >= firstOnARM.Major {
		return needs.Major > oldest.Major
	}
	return needs.Compare(oldest) > 0
}

// wheelGlibc reports members that need a newer glibc than the tags promise, or any although the tag is for systems with musl. Of each kind
// there is one finding, for the member with the newest.
func wheelGlibc(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		all, known := promises(d)
		if !known {
			continue
		}
		for _, family := range []platform.Family{platform.ManyLinux, platform.MuslLinux} {
			if f, wrong := needsNewerGlibc(d, all, family); wrong {
				found = append(found, f)
			}
		}
	}
	return found
}

func needsNewerGlibc(d *distfile.Distribution, all []promise, family platform.Family) (f finding.Finding, wrong bool) {
	var newest native.Version
	for _, n := range d.Native {
		p := lowest(all, family, n.Binary)
		if p == nil || n.Glibc.Compare(newest) <= 0 {
			continue
		}
		version := native.Version{Major: p.parts.Major, Minor: p.parts.Minor}
		message := fmt.Sprintf("%s needs glibc %s, but the tag %s promises that %s is enough", members(n), n.Glibc, p.tag, version)
		if family == platform.MuslLinux {
			message = fmt.Sprintf("%s needs glibc %s, but the tag %s is for systems that have musl instead", members(n), n.Glibc, p.tag)
		} else if n.Glibc.Compare(version) <= 0 {
			continue
		}
		newest, wrong = n.Glibc, true
		f = refusal(d, message,
			"build it in the container image of the tag and run auditwheel, which finds the right tag (cibuildwheel does both)")
	}
	return f, wrong
}

// lowest returns the tag of a family with the lowest version for systems that can run a file; nil if there is none.
func lowest(all []promise, family platform.Family, b native.Binary) (least *promise) {
	for i, p := range all {
		if p.parts.Family != family || !p.runs(b) {
			continue
		}
		if least == nil || p.parts.Minor < least.parts.Minor {
			least = &all[i]
		}
	}
	return least
}

// wheelExtension reports extension modules whose names say that another Python imports them than the tags do.
func wheelExtension(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		name, err := pep.ParseWheelName(d.Name)
		if err != nil || !readable(d, distfile.Wheel) {
			continue
		}
		for _, n := range merged(d.Native, func(n distfile.Native) string { return n.ABI }) {
			if message := misnamed(n, name); message != "" {
				found = append(found, refusal(d, message,
					"build the wheel again from a clean folder, with the Python that it is for: an older build may leave files there"))
			}
		}
	}
	return found
}

// misnamed returns what is wrong with the name of an extension module in a wheel of that name; empty if nothing is, or it is unknown.
func misnamed(n distfile.Native, name pep.WheelName) string {
	pythons, abis := strings.Split(strings.ToLower(name.Python), "."), strings.Split(strings.ToLower(name.ABI), ".")
	stable := slices.ContainsFunc(abis, isStableABI)
	tag := name.Python + "-" + name.ABI
	switch {
	case n.ABI == "" || isStableABI(n.ABI) || slices.Contains(abis, n.ABI):
		return ""
	case stable:
		return fmt.Sprintf("%s is imported by %s alone, by its name, but the tag %s is for later versions too",
			members(n), n.ABI, tag)
	case slices.ContainsFunc(abis, isUnknownABI),
		slices.Contains(abis, "none") && slices.ContainsFunc(pythons, func(p string) bool { return isSameOrAnyPython(p, n.ABI) }):
		return ""
	default:
		return fmt.Sprintf("%s is imported by %s alone, by its name, but the tag is %s", members(n), n.ABI, tag)
	}
}

func isStableABI(abi string) bool { return abi == "abi3" || abi == "abi3t" }

// isUnknownABI reports whether an ABI tag is of a Python whose suffixes are not known here.
func isUnknownABI(abi string) bool {
	return abi != "none" && !strings.HasPrefix(abi, "cp") && !strings.HasPrefix(abi, "pypy")
}

// isSameOrAnyPython reports whether a Python tag is that of the version of an ABI, or of no version of CPython or PyPy.
func isSameOrAnyPython(tag, abi string) bool {
	if strings.HasPrefix(abi, "pypy") {
		return !strings.HasPrefix(tag, "cp")
	}
	return !strings.HasPrefix(tag, "cp") && !strings.HasPrefix(tag, "pp") || tag == strings.TrimRight(abi, "dmtu")
}

// wheelNative reports libraries in a wheel for any platform. One that has them for several machines chooses among them when it runs.
func wheelNative(d *distfile.Distribution) (message, fix string) {
	name, err := pep.ParseWheelName(d.Name)
	if err != nil || !readable(d, distfile.Wheel) || strings.ToLower(name.Platform) != "any" {
		return "", ""
	}
	libraries := merged(d.Native, func(n distfile.Native) string {
		if !n.Library {
			return ""
		}
		return string(n.Format) + " " + machineNames(n.Machines())
	})
	if len(libraries) != 1 {
		return "", ""
	}
	first := libraries[0]
	return fmt.Sprintf("%s is native code (%s for %s), but the tag any promises that the wheel is for every system",
			members(first), first.Format, machineNames(first.Machines())),
		"let the build backend make a wheel for the platform: with setuptools, declare what is compiled as an extension module"
}
