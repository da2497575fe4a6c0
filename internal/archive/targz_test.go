package archive_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// tarOf returns a tar of the members; one whose content begins with an arrow is a symbolic link.
func tarOf(members ...member) []byte {
	var all []disttest.Member
	for _, m := range members {
		if target, link := strings.CutPrefix(m.content, "-> "); link {
			all = append(all, disttest.Member{Name: m.name, Link: target})
			continue
		}
		all = append(all, disttest.Member{Name: m.name, Content: m.content})
	}
	return disttest.Tar(all...)
}

func readTarGz(t testing.TB, data []byte) archive.Facts {
	t.Helper()
	facts, err := archive.ReadTarGz(bytes.NewReader(data), archive.Selection{Keep: wanted})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func TestReadTarGz_Members(t *testing.T) {
	t.Parallel()
	facts := readTarGz(
		t, disttest.Gzip(tarOf(member{"alder-1.0/", ""}, member{"alder-1.0/PKG-INFO", "Name: alder\n"}, member{"alder-1.0/a.py", "x"})),
	)
	if !facts.Names.Has("alder-1.0/a.py") || !facts.Names.Has("alder-1.0") || facts.Names.Has("alder-1.0/") {
		t.Error("the names are others")
	}
	facts.Names = nil
	want := archive.Facts{
		Members: 3, Unpacked: facts.Unpacked, Top: "alder-1.0", Kept: map[string][]byte{"alder-1.0/PKG-INFO": []byte("Name: alder\n")},
	}
	if !reflect.DeepEqual(facts, want) || facts.Unpacked < 5*512 {
		t.Errorf("got %+v", facts)
	}
}

func TestReadTarGz_GlobalHeader(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "a commit"},
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	data := append(b.Bytes(), tarOf(member{"a/A", "1"}, member{"a/B", "2"})...)
	if facts := readTarGz(t, disttest.Gzip(data)); facts.Members != 2 || facts.Top != "a" {
		t.Errorf("got %+v", facts)
	}
}

func TestReadTarGz_TwoGzipMembers(t *testing.T) {
	t.Parallel()
	data := tarOf(member{"a/A", "1"}, member{"a/B", "2"})
	if facts := readTarGz(t, append(disttest.Gzip(data[:700]), disttest.Gzip(data[700:])...)); facts.Broken != nil || len(facts.Kept) != 2 {
		t.Errorf("got %+v", facts)
	}
}

func TestReadTarGz_Damaged(t *testing.T) {
	t.Parallel()
	plain := tarOf(member{"a/A", strings.Repeat("some text ", 5000)}, member{"a/B", "2"})
	whole := disttest.Gzip(plain)
	badSum := bytes.Clone(whole)
	badSum[len(badSum)-8] ^= 1
	for name, c := range map[string]struct {
		data    []byte
		notTar  bool
		broken  bool
		anomaly string
	}{
		"text":                {data: []byte("no archive at all"), broken: true, notTar: true},
		"empty":               {data: nil, broken: true, notTar: true},
		"gzipped text":        {data: disttest.Gzip([]byte(strings.Repeat("text", 500))), broken: true, notTar: true},
		"cut":                 {data: whole[:len(whole)/2], broken: true},
		"tar cut in a member": {data: disttest.Gzip(plain[:2000]), broken: true},
		"flipped bit in the stream": {
			data: append(append(bytes.Clone(whole[:30]), 0xff, 0xff, 0xff), whole[33:]...), broken: true, notTar: true,
		},
		"wrong checksum":               {data: badSum, anomaly: archive.AnomalyTail},
		"something follows the stream": {data: append(bytes.Clone(whole), "tail"...), anomaly: archive.AnomalyTail},
		"something follows a member": {
			data:    disttest.Gzip(append(bytes.Clone(plain[:512+50176]), bytes.Repeat([]byte("x"), 1024)...)),
			anomaly: archive.AnomalyEndsEarly,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := readTarGz(t, c.data)
			if (facts.Broken != nil) != c.broken || errors.Is(facts.Broken, archive.ErrNotTar) != c.notTar {
				t.Errorf("broken: %v", facts.Broken)
			}
			if got := strings.Join(codes(facts), " "); got != c.anomaly {
				t.Errorf("anomalies %q, want %q", got, c.anomaly)
			}
		})
	}
}

func TestReadTarGz_Link(t *testing.T) {
	t.Parallel()
	facts := readTarGz(t, disttest.Gzip(tarOf(member{"a/PKG-INFO", "-> /etc/passwd"})))
	if len(facts.Kept) != 0 || !reflect.DeepEqual(codes(facts), []string{archive.AnomalyLink, archive.AnomalyNotRegular}) {
		t.Errorf("got %+v", facts)
	}
}

// TestReadTarGz_LinksOutside: a link counts by where it leads, from where it is.
func TestReadTarGz_LinksOutside(t *testing.T) {
	t.Parallel()
	for link, outside := range map[string]bool{
		"b": false, "../a/b": false, "./x/../b": false,
		"..": true, "../b": true, "../../etc/hosts": true, "/etc/hosts": true, "../ab": true,
		strings.Repeat("x/", 100) + strings.Repeat("../", 100) + "b": false,
		strings.Repeat("x/", 100) + strings.Repeat("../", 102) + "b": true,
	} {
		facts := readTarGz(t, disttest.Gzip(tarOf(member{"a/x", "-> " + link})))
		if found := facts.HasAnomaly(archive.AnomalyLink); (found != nil) != outside || outside && found.Detail != link {
			t.Errorf("%q: got %+v", link, facts.Anomalies)
		}
	}
	for target, outside := range map[string]bool{"a/x": false, "x": true, "../a/x": true, "a": false} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&tar.Header{Name: "a/y", Typeflag: tar.TypeLink, Linkname: target}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if facts := readTarGz(t, disttest.Gzip(b.Bytes())); (facts.HasAnomaly(archive.AnomalyLink) != nil) != outside {
			t.Errorf("a hard link to %q: got %+v", target, facts.Anomalies)
		}
	}
}

func TestReadTarGz_LargeMember(t *testing.T) {
	t.Parallel()
	facts := readTarGz(t, disttest.Gzip(tarOf(member{"a/A", strings.Repeat("x", 33<<20)}, member{"a/B", "2"})))
	if len(facts.Kept) != 1 || !reflect.DeepEqual(codes(facts), []string{archive.AnomalyTooLarge}) {
		t.Errorf("kept %d members, anomalies %v", len(facts.Kept), facts.Anomalies)
	}
}

// again is a file that repeats itself without end.
type again struct {
	data []byte
	at   int
}

func (a *again) Read(p []byte) (int, error) {
	n := copy(p, a.data[a.at:])
	a.at = (a.at + n) % len(a.data)
	return n, nil
}

func TestReadTarGz_DecompressionBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("it unpacks 256 MiB, until the limit is reached: left out with -short")
	}
	t.Parallel()
	var head bytes.Buffer
	members := tar.NewWriter(&head)
	for _, m := range []tar.Header{{Name: "a/PKG-INFO", Mode: 0o644}, {Name: "a/bomb", Size: 1 << 40, Mode: 0o644}} {
		if err := members.WriteHeader(&m); err != nil {
			t.Fatal(err)
		}
	}
	bomb := io.MultiReader(bytes.NewReader(disttest.Gzip(head.Bytes())), &again{data: disttest.Gzip(make([]byte, 4<<20))})
	facts, err := archive.ReadTarGz(bomb, archive.Selection{Keep: wanted})
	if err != nil || facts.Broken != nil || !slices.Contains(codes(facts), archive.AnomalyStopped) || len(facts.Kept) != 1 {
		t.Errorf("got %v, %v, %v", facts.Broken, facts.Anomalies, err)
	}
	if facts.Unpacked > 257<<20 {
		t.Errorf("unpacked %d bytes", facts.Unpacked)
	}
}

// tarHeader is a header as no library writes it: size is the raw field.
func tarHeader(name string, kind byte, size string) []byte {
	head := make([]byte, 512)
	copy(head, name)
	copy(head[124:136], size)
	copy(head[148:156], "        ")
	head[156] = kind
	sum := 0
	for _, b := range head {
		sum += int(b)
	}
	copy(head[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return head
}

func TestReadTarGz_EndlessExtendedHeader(t *testing.T) {
	t.Parallel()
	const endless = "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff" // the largest number of 63 bits
	text := append([]byte("a"), make([]byte, 511)...)
	for _, kind := range []byte{'L', 'K', 'x', 'g'} {
		data := slices.Concat(tarHeader("first", 'L', "00000000001"), text, tarHeader("second", kind, endless), text)
		if facts := readTarGz(t, disttest.Gzip(data)); facts.Broken == nil || facts.Members != 0 {
			t.Errorf("%c: got %+v", kind, facts)
		}
	}
}

// It does not run beside other tests, which allocate too.
func TestReadTarGz_GlobalHeaderMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads half a million words")
	}
	const each = 1 << 16
	var plain bytes.Buffer
	for n := range 8 {
		var text bytes.Buffer
		for i := range each {
			fmt.Fprintf(&text, "14 k%08x=\n", n*each+i)
		}
		plain.Write(tarHeader("all", 'g', fmt.Sprintf("%011o", text.Len())))
		plain.Write(text.Bytes())
		plain.Write(tarHeader("a/x", '0', "00000000000"))
	}
	plain.Write(tarOf(member{"a/A", "1"}, member{"a/B", "2"}))
	data := disttest.Gzip(plain.Bytes())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	facts := readTarGz(t, data)
	runtime.ReadMemStats(&after)
	if facts.Broken != nil || facts.Members != 10 {
		t.Errorf("got %+v", facts)
	}
	// Each text is held while it is read; the half million words would take tens of megabytes more.
	if took := after.TotalAlloc - before.TotalAlloc; took > 24<<20 {
		t.Errorf("it took %d MiB", took>>20)
	}
}

func TestReadTarGz_ReadError(t *testing.T) {
	t.Parallel()
	data := disttest.Gzip(tarOf(member{"a/A", "1"}))
	for _, cut := range []int{0, 5, 40, len(data)} {
		stream := io.MultiReader(bytes.NewReader(data[:cut]), iotest.ErrReader(errDisk))
		if facts, err := archive.ReadTarGz(stream, archive.Selection{Keep: wanted}); !errors.Is(err, errDisk) {
			t.Errorf("after %d bytes: %+v, %v", cut, facts, err)
		}
	}
}

func TestReadTarGz_CommonPath(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"a/b": {"a/b/c", "./a//b/d/e", "a/b"},
		"a":   {"a/b", "a/bc"},
		"":    {"a/b", "c"},
		"x/y": {"x/y"},
		"/":   {"/a", "/b"},
		"/r":  {"/r/a", "/r/b"},
	} {
		var members []member
		for _, name := range names {
			members = append(members, member{name, ""})
		}
		if got := readTarGz(t, disttest.Gzip(tarOf(members...))).Top; got != want {
			t.Errorf("%q: got %q, want %q", names, got, want)
		}
	}
	if got := readZip(t, zipOf(member{"/a/b", ""}, member{"a/b", ""})).Top; got != "" {
		t.Errorf("an absolute and a relative path have %q in common", got)
	}
}

func FuzzReadTarGz(f *testing.F) {
	f.Add(tarOf(member{"a/A", "1"}, member{"a/B", "-> A"}))
	f.Add(append(disttest.Gzip(tarOf(member{"a/B", "-> C"}, member{"a/C", "-> B"})), disttest.Gzip([]byte("\x00"))...))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, stream := range [][]byte{data, disttest.Gzip(data)} {
			for name := range readTarGz(t, stream).Kept {
				if !wanted(name) {
					t.Fatalf("kept %q", name)
				}
			}
		}
	})
}

// TestReadTarGz_Odd has what Python's tarfile reads without a word, and other readers do not.
func TestReadTarGz_Odd(t *testing.T) {
	t.Parallel()
	plain := tarOf(member{"a/PKG-INFO", "1"}, member{"a/x.py", "x = 1"})
	content := bytes.TrimRight(plain, "\x00")
	content = append(content, make([]byte, -len(content)&511)...)
	zeros := func(n int) []byte { return make([]byte, n) }
	packed, start, rest := disttest.Gzip(plain), disttest.Gzip(plain[:700]), disttest.Gzip(plain[700:])
	for name, c := range map[string]struct {
		data []byte
		want string // the codes of anomalies
	}{
		"one member":                   {packed, ""},
		"zeros behind it":              {append(bytes.Clone(packed), zeros(700)...), ""},
		"two members":                  {slices.Concat(start, rest), archive.AnomalyMembers},
		"zeros between two members":    {slices.Concat(start, zeros(9), rest), archive.AnomalyMembers},
		"empty members":                {slices.Concat(bytes.Repeat(disttest.Gzip(nil), 300), packed), archive.AnomalyMembers},
		"a member behind the end":      {append(bytes.Clone(packed), disttest.Gzip([]byte("more"))...), archive.AnomalyMembers},
		"other bytes behind it":        {append(bytes.Clone(packed), "more"...), archive.AnomalyTail},
		"zeros and other bytes":        {slices.Concat(packed, zeros(30), []byte("more than ten bytes")), archive.AnomalyTail},
		"no end":                       {disttest.Gzip(content), archive.AnomalyNoEnd},
		"half an end":                  {disttest.Gzip(append(bytes.Clone(content), zeros(512)...)), archive.AnomalyNoEnd},
		"a block behind half an end":   {disttest.Gzip(slices.Concat(content, zeros(512), plain)), archive.AnomalyNoEnd},
		"an end and no block more":     {disttest.Gzip(append(bytes.Clone(content), zeros(1024)...)), ""},
		"a link to itself":             {links("a/l", "l"), archive.AnomalyLinkCycle},
		"links to each other":          {links("a/l", "b/m", "a/b/m", "../n", "a/n", "./l"), archive.AnomalyLinkCycle},
		"a link to a cycle":            {links("a/k", "l", "a/l", "m", "a/m", "l"), archive.AnomalyLinkCycle},
		"a link that is a cycle twice": {links("a/l", "l", "a/m", "m"), archive.AnomalyLinkCycle},
		"links in a row":               {links("a/l", "m", "a/m", "n", "a/o", "l", "a/p", "m"), ""},
		"a link to its folder":         {links("a/b/l", "."), ""},
		"a link to the folder above":   {links("a/b/l", ".."), ""},
		"a name twice":                 {links("a/l", "l", "a/l", "PKG-INFO"), ""},
		"a backslash":                  {disttest.Gzip(tarOf(member{"a/b\\c", ""})), archive.AnomalyBackslash},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(codes(readTarGz(t, c.data)), " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// links returns an archive with symbolic links: a name and a target each.
func links(pairs ...string) []byte {
	var members []member
	for pair := range slices.Chunk(pairs, 2) {
		members = append(members, member{pair[0], "-> " + pair[1]})
	}
	return disttest.Gzip(tarOf(members...))
}

func TestReadTarGz_SpecialFiles(t *testing.T) {
	t.Parallel()
	for kind, want := range map[byte]string{
		tar.TypeFifo: "named pipe", tar.TypeChar: "character device", tar.TypeBlock: "block device", tar.TypeDir: "", tar.TypeReg: "",
		tar.TypeCont: "",
	} {
		var b bytes.Buffer
		members := tar.NewWriter(&b)
		if err := members.WriteHeader(&tar.Header{Name: "a/x", Typeflag: kind}); err != nil {
			t.Fatal(err)
		}
		if err := members.Close(); err != nil {
			t.Fatal(err)
		}
		got := ""
		facts := readTarGz(t, disttest.Gzip(b.Bytes()))
		if special := facts.HasAnomaly(archive.AnomalySpecial); special != nil {
			got = special.Detail
		}
		if got != want {
			t.Errorf("type %c: got %q, want %q", kind, got, want)
		}
	}
}
