package archive_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

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
		"directory larger than all": {change(at("PK\x05\x06")+15, 0x70), "bad offset"},
		"directory not there":       {change(at("PK\x01\x02"), 'X'), "bad magic number for central directory"},
		"directory too short":       {change(at("PK\x05\x06")+12, whole[at("PK\x05\x06")+12]-1), "central directory"},
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

// A member that was asked for, or is Python source, is checked; the content of the others is not read.
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
			facts := readZip(t, data)
			anomaly := facts.HasAnomaly(archive.AnomalyDamaged)
			if (anomaly == nil) != (c.want == "") || anomaly != nil && !strings.Contains(anomaly.Detail, c.want) {
				t.Errorf("got %+v, want %q", facts.Anomalies, c.want)
			}
			if facts.Broken != nil {
				t.Errorf("broken: %v", facts.Broken)
			}
		})
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

func FuzzReadZip(f *testing.F) {
	f.Add(zipOf(alder...))
	f.Add(append([]byte("prefix"), zipOf(alder[0])...))
	f.Fuzz(func(t *testing.T, data []byte) {
		facts := readZip(t, data)
		for name, content := range facts.Kept {
			if !wanted(name) || len(content) > 32<<20 {
				t.Fatalf("kept %q of %d bytes", name, len(content))
			}
		}
	})
}
