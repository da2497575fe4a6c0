package archive

import "path"

// mostLinks limits how many symbolic links of a tar are remembered. Packages have a few.
const mostLinks = 1 << 14

// symlinks has the symbolic links of a tar. Names and targets are clean paths.
type symlinks struct {
	names   []string // in their order
	targets map[string]string
}

// add remembers a member that is a symbolic link.
func (s *symlinks) add(m *tarMember, w *walk) error {
	if m.kind != typeSymlink || path.IsAbs(m.link) || len(s.names) == mostLinks {
		return nil
	}
	if s.targets == nil {
		s.targets = map[string]string{}
	}
	name, target := path.Clean(m.name), path.Join(path.Dir(m.name), m.link)
	s.names, s.targets[name] = append(s.names, name), target
	return w.hold(int64(len(name) + len(target) + 2*bytesPerName))
}

// note adds an anomaly if a link leads back to itself through nothing but links. Each link is followed once.
func (s *symlinks) note(w *walk) {
	from := map[string]string{} // for each link that was followed, the one where that began
	for _, start := range s.names {
		if from[start] != "" {
			continue
		}
		at := start
		target, isLink := s.targets[at]
		for ; isLink && from[at] == ""; target, isLink = s.targets[at] {
			from[at], at = start, target
		}
		if isLink && from[at] == start {
			w.addAnomaly(AnomalyLinkCycle, at, target)
			return
		}
	}
}
