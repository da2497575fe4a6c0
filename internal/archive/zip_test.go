package archive_test

import (
	"bytes"
	"encoding/binary"
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

type member struct{ name, content string }

// zipOf returns a zip as an index takes it: sizes before the data, no descriptors after it.
func zipOf(members ...member) []byte {
	var all []disttest.Member
	for _, m := range members {
		all = append(all, disttest.Member{Name: m.name, Content: m.content, Deflated: true})
	}
	return disttest.Zip(all...)
}

func readZip(t testing.TB, data []byte) archive.Facts {
	t.Helper()
	facts, err := archive.ReadZip(bytes.NewReader(data), int64(len(data)), archive.Selection{Keep: wanted})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// wanted asks for every member with an upper-case name.
func wanted(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	return base != "" && base == strings.ToUpper(base)
}

func codes(facts archive.Facts) (all []string) {
	for _, anomaly := range facts.Anomalies {
		all = append(all, anomaly.Code)
	}
	return all
}

var alder = []member{{"alder/__init__.py", "x = 1\n"}, {"alder/METADATA", strings.Repeat("Name: alder\n", 100)}, {"alder/RECORD", ""}}

func TestReadZip_Members(t *testing.T) {
	t.Parallel()
	facts := readZip(t, zipOf(alder...))
	if !facts.Names.Has("alder/__init__.py") || facts.Names.Has("alder/__init__.pyc") {
		t.Error("the names are others")
	}
	facts.Names = nil
	want := archive.Facts{
		Members: 3, Unpacked: 1206, Top: "alder",
		Kept: map[string][]byte{"alder/METADATA": []byte(alder[1].content), "alder/RECORD": nil},
	}
	if !reflect.DeepEqual(facts, want) {
		t.Errorf("got %+v", facts)
	}
}

func TestReadZip_Prefix(t *testing.T) {
	t.Parallel()
	facts := readZip(t, append([]byte("#!/bin/sh\n"), zipOf(alder...)...))
	if facts.Broken != nil || len(facts.Kept) != 2 {
		t.Errorf("got %+v", facts)
	}
}

func TestReadZip_DuplicateName(t *testing.T) {
	t.Parallel()
	facts := readZip(t, zipOf(member{"A", "first"}, member{"A", "last"}))
	if string(facts.Kept["A"]) != "last" || facts.Members != 2 {
		t.Errorf("got %+v", facts)
	}
}

func TestReadZip_Damaged(t *testing.T) {
	t.Parallel()
	whole := zipOf(alder...)
	at := func(mark string) int { return bytes.LastIndex(whole, []byte(mark)) }
	change := func(position int, to byte) []byte {
		data := bytes.Clone(whole)
		data[position] = to
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"text":                      {[]byte("this is no archive"), "no zip archive"},
		"empty":                     {nil, "no zip archive"},
		"cut":                       {whole[:len(whole)-30], "no zip archive"},
		"only an end mark":          {[]byte("PK\x05\x06"), "no zip archive"},
		"directory larger than all": {change(at("PK\x05\x06")+15, 0x70), "no zip archive"},
		"directory not there":       {change(at("PK\x01\x02"), 'X'), "bad magic number for central directory"},
		"directory too short":       {change(at("PK\x05\x06")+12, whole[at("PK\x05\x06")+12]-1), "no zip archive"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := readZip(t, c.data)
			if facts.Broken == nil || !strings.Contains(facts.Broken.Error(), c.want) {
				t.Errorf("got %v, want %q", facts.Broken, c.want)
			}
			if errors.Is(facts.Broken, archive.ErrNotZip) != (c.want == "no zip archive") {
				t.Errorf("%v says the wrong thing about being a zip", facts.Broken)
			}
		})
	}
}

// Without a budget, a member that was asked for, or is Python source, is checked; the content of the others is not read. With
// a budget every member is.
func TestReadZip_DamagedMembers(t *testing.T) {
	t.Parallel()
	whole := zipOf(member{"alder/METADATA", "Name: alder"}, member{"alder/x.Py", "x = 1"}, member{"alder/data", "data"})
	central := bytes.Index(whole, []byte("PK\x01\x02"))
	entry := func(name string) int { return central + bytes.Index(whole[central:], []byte(name)) - 46 }
	for name, c := range map[string]struct {
		at   int // of the byte that is changed
		want string
	}{
		"nothing":                  {0, ""},
		"other local name":         {bytes.Index(whole, []byte("METADATA")), "differ"},
		"bad checksum":             {entry("alder/METADATA") + 16, "CRC"},
		"encrypted":                {entry("alder/METADATA") + 8, "encrypted"},
		"bad checksum of source":   {entry("alder/x.Py") + 16, "CRC"},
		"data that cannot be read": {bytes.Index(whole, []byte("x.Py")) + 4, "cannot be unpacked"},
		"cut by the next member":   {entry("alder/METADATA") + 21, "overlaps"},
		"bad checksum of data":     {entry("alder/data") + 16, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := bytes.Clone(whole)
			if c.at > 0 {
				data[c.at] ^= 7
			}
			for how, facts := range map[string]archive.Facts{"as an index": readZip(t, data), "in one pass": readZipOnce(t, data, 1<<20)} {
				anomaly := facts.HasAnomaly(archive.AnomalyDamaged)
				if (anomaly == nil) != (c.want == "") || anomaly != nil && !strings.Contains(anomaly.Detail, c.want) {
					t.Errorf("%s: got %+v, want %q", how, facts.Anomalies, c.want)
				}
				if facts.Broken != nil {
					t.Errorf("%s: broken: %v", how, facts.Broken)
				}
			}
		})
	}
}

// readZipOnce unpacks as many bytes of members as are given, in one pass through the file.
func readZipOnce(t testing.TB, data []byte, budget int64) archive.Facts {
	t.Helper()
	facts, err := archive.ReadZip(bytes.NewReader(data), int64(len(data)), archive.Selection{
		Keep: wanted, Budget: archive.NewBudget(budget), Stream: iotest.HalfReader(bytes.NewReader(data)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// TestReadZip_EveryMember: what no index reads is damaged in all ways. A member is read by its entry in the directory if its
// local header says something else, as installers do.
func TestReadZip_EveryMember(t *testing.T) {
	t.Parallel()
	whole := zipOf(member{"alder/data", strings.Repeat("data", 50_000)}, member{"alder/empty", ""}, member{"alder/more", "more"})
	central := bytes.Index(whole, []byte("PK\x01\x02"))
	entry := func(name string) int { return central + bytes.Index(whole[central:], []byte(name)) - 46 }
	local := func(name string) int { return bytes.Index(whole, []byte(name)) - 30 }
	for name, c := range map[string]struct {
		at     int  // of the byte that is changed
		change byte // how
		want   []string
	}{
		"nothing":                        {0, 0, nil},
		"a wrong checksum":               {entry("alder/data") + 16, 7, []string{"unusable-member alder/data bad CRC-32"}},
		"of an empty member":             {entry("alder/empty") + 16, 7, []string{"unusable-member alder/empty bad CRC-32"}},
		"another checksum in the header": {local("alder/data") + 14, 7, nil},
		"data of no deflate": {
			local("alder/more") + 30 + len("alder/more"), 7, []string{"unusable-member alder/more it cannot"},
		},
		"other data":                       {local("alder/data") + 30 + len("alder/data") + 1, 1, []string{"unusable-member alder/data"}},
		"encrypted":                        {entry("alder/more") + 8, 1, []string{"unusable-member alder/more it is encrypted"}},
		"encrypted, by the header alone":   {local("alder/more") + 6, 1, nil},
		"another method in the header":     {local("alder/more") + 8, 8, nil},
		"patched data":                     {entry("alder/more") + 8, 32, []string{"unusable-member alder/more it is compressed patched"}},
		"another offset in the directory":  {entry("alder/more") + 42, 1, []string{"unusable-member alder/more bad magic number"}},
		"another time in the header":       {local("alder/more") + 10, 1, nil},
		"the flag of UTF-8 in the header":  {local("alder/more") + 7, 8, nil},
		"the flag of UTF-8 in the entry":   {entry("alder/more") + 9, 8, nil},
		"the length of an extra field":     {local("alder/more") + 28, 1, []string{"zip-framing alder/more Malformed zip file"}},
		"another size, and a worse member": {local("alder/more") + 22, 1, []string{"zip-framing alder/more Mis-matched file size"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := bytes.Clone(whole)
			data[c.at] ^= c.change
			facts := readZipOnce(t, data, 1<<20)
			if len(facts.Anomalies) != len(c.want) {
				t.Fatalf("got %+v, want %q", facts.Anomalies, c.want)
			}
			for i, o := range facts.Anomalies {
				if got := o.Code + " " + o.Member + " " + o.Detail; !strings.HasPrefix(got, c.want[i]) {
					t.Errorf("got %q, want %q", got, c.want[i])
				}
			}
		})
	}
}

// TestReadZip_Budget: what the budget does not reach is not unpacked, and that is said once.
func TestReadZip_Budget(t *testing.T) {
	t.Parallel()
	data := zipOf(member{"a", "data"}, member{"b", "data"}, member{"c", "data"}, member{"KEPT", "kept"})
	data[bytes.Index(data, []byte("PK\x01\x02"))-1] ^= 1 // the last member is read whatever the budget is
	for budget, want := range map[int64][]string{0: {"not-unpacked a"}, 4: {"not-unpacked b"}, 11: {"not-unpacked c"}, 12: nil} {
		facts := readZipOnce(t, data, budget)
		var got []string
		for _, o := range facts.Anomalies {
			if o.Code != archive.AnomalyDamaged {
				got = append(got, o.Code+" "+o.Member)
			}
		}
		if !reflect.DeepEqual(got, want) || facts.HasAnomaly(archive.AnomalyDamaged) == nil {
			t.Errorf("%d bytes: got %+v, want %q", budget, facts.Anomalies, want)
		}
	}
}

// TestReadZip_Stopped: a walk that is stopped, or whose file fails in the middle, is an error and no fact.
func TestReadZip_Stopped(t *testing.T) {
	t.Parallel()
	data := zipOf(alder...)
	stop := func() error { return errDisk }
	failing := io.MultiReader(bytes.NewReader(data[:40]), iotest.ErrReader(errDisk))
	for name, selection := range map[string]archive.Selection{
		"stopped":          {Keep: wanted, Stopped: stop},
		"stopped, no kept": {Keep: func(string) bool { return false }, Stopped: stop, Budget: archive.NewBudget(1 << 20)},
		"failing":          {Keep: wanted, Budget: archive.NewBudget(1 << 20), Stream: failing},
	} {
		facts, err := archive.ReadZip(bytes.NewReader(data), int64(len(data)), selection)
		if !errors.Is(err, errDisk) || facts.Members != 0 {
			t.Errorf("%s: got %+v, %v", name, facts, err)
		}
	}
}

func TestReadZip_UnknownCompression(t *testing.T) {
	t.Parallel()
	data := zipOf(member{"a.py", "x"})
	binary.LittleEndian.PutUint16(data[bytes.LastIndex(data, []byte("PK\x01\x02"))+10:], 12)
	if facts := readZip(t, data); facts.Broken != nil || !reflect.DeepEqual(codes(facts), []string{archive.AnomalyMethod}) {
		t.Errorf("got %+v", facts)
	}
}

func TestReadZip_DecompressionBomb(t *testing.T) {
	t.Parallel()
	facts := readZip(t, zipOf(member{"BOMB", strings.Repeat("\x00", 33<<20)}, member{"B", "small"}))
	if !reflect.DeepEqual(codes(facts), []string{archive.AnomalyTooLarge}) || string(facts.Kept["B"]) != "small" || len(facts.Kept) != 1 {
		t.Errorf("got anomalies %v, %d members", facts.Anomalies, len(facts.Kept))
	}
}

func TestReadZip_ManyMembersMemory(t *testing.T) { // not parallel: it measures
	const count = 20_000
	members := make([]member, count)
	for i := range members {
		members[i] = member{name: fmt.Sprintf("pkg/file%06d", i)}
	}
	data := zipOf(members...)
	members = nil
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	facts := readZip(t, data)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if facts.Members != count || facts.Top != "pkg" {
		t.Errorf("got %d members under %q", facts.Members, facts.Top)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

// failing is a file on a disk that goes away at an offset.
type failing struct {
	*bytes.Reader
	from int64
}

var errDisk = errors.New("the disk went away")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, errDisk
	}
	return f.Reader.ReadAt(p, off)
}

func TestReadZip_ReadError(t *testing.T) {
	t.Parallel()
	data := zipOf(alder...)
	facts, err := archive.ReadZip(failing{bytes.NewReader(data), 10}, int64(len(data)), archive.Selection{Keep: wanted})
	if !errors.Is(err, errDisk) || facts.Broken != nil {
		t.Errorf("got %+v, %v", facts, err)
	}
}

// verdict is what an index finds in an archive, whatever else was unpacked.
func verdict(facts archive.Facts) []string {
	found := []string{fmt.Sprint(facts.Broken, facts.Members, facts.Unpacked, facts.Top, facts.Kept)}
	for _, o := range facts.Anomalies {
		if o.Code != archive.AnomalyUnusable && o.Code != archive.AnomalyUnread {
			found = append(found, fmt.Sprint(o))
		}
	}
	slices.Sort(found)
	return found
}

func FuzzReadZip(f *testing.F) {
	f.Add(zipOf(alder...))
	f.Add(append([]byte("prefix"), zipOf(alder[0])...))
	f.Fuzz(func(t *testing.T, data []byte) {
		facts := readZip(t, data)
		once := readZipOnce(t, data, 1<<20)
		if was, is := verdict(facts), verdict(once); !reflect.DeepEqual(was, is) && once.HasAnomaly(archive.AnomalyUnread) == nil {
			t.Fatalf("in one pass %q, otherwise %q", is, was)
		}
		for name, content := range facts.Kept {
			if !wanted(name) || len(content) > 32<<20 {
				t.Fatalf("kept %q of %d bytes", name, len(content))
			}
		}
	})
}
