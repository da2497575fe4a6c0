package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive"
)

type member struct{ name, content string }

func zipOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		method := zip.Deflate
		if m.content == "" { // a compressor for nothing is slow
			method = zip.Store
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readZip(t testing.TB, data []byte) archive.Facts {
	t.Helper()
	facts, err := archive.ReadZip(bytes.NewReader(data), int64(len(data)), wanted)
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
	for _, odd := range facts.Oddities {
		all = append(all, odd.Code)
	}
	return all
}

var alder = []member{{"alder/__init__.py", "x = 1\n"}, {"alder/METADATA", strings.Repeat("Name: alder\n", 100)}, {"alder/RECORD", ""}}

func TestAZipIsWalked(t *testing.T) {
	t.Parallel()
	facts := readZip(t, zipOf(t, alder...))
	want := archive.Facts{
		Members: 3, Unpacked: 1206, Top: "alder",
		Kept: map[string][]byte{"alder/METADATA": []byte(alder[1].content), "alder/RECORD": {}},
	}
	if !reflect.DeepEqual(facts, want) {
		t.Errorf("got %+v", facts)
	}
}

func TestAZipAfterAPrefixIsWalkedAllTheSame(t *testing.T) {
	t.Parallel()
	facts := readZip(t, append([]byte("#!/bin/sh\n"), zipOf(t, alder...)...))
	if facts.Broken != nil || len(facts.Kept) != 2 {
		t.Errorf("got %+v", facts)
	}
}

func TestOfTwoMembersWithOneNameTheLastIsKept(t *testing.T) {
	t.Parallel()
	facts := readZip(t, zipOf(t, member{"A", "first"}, member{"A", "last"}))
	if string(facts.Kept["A"]) != "last" || facts.Members != 2 {
		t.Errorf("got %+v", facts)
	}
}

func TestDamagedZips(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, alder...)
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
		"other local name":          {change(bytes.Index(whole, []byte("METADATA")), 'B'), "differ"},
		"bad checksum":              {change(bytes.Index(whole, []byte("PK\x01\x02"))+63+16, 0), "CRC"},
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

func TestAnUnknownCompressionMethodIsOdd(t *testing.T) {
	t.Parallel()
	data := zipOf(t, member{"a.py", "x"})
	binary.LittleEndian.PutUint16(data[bytes.LastIndex(data, []byte("PK\x01\x02"))+10:], 12)
	if facts := readZip(t, data); facts.Broken != nil || !reflect.DeepEqual(codes(facts), []string{archive.OddMethod}) {
		t.Errorf("got %+v", facts)
	}
}

func TestABombIsNotUnpacked(t *testing.T) {
	t.Parallel()
	facts := readZip(t, zipOf(t, member{"BOMB", strings.Repeat("\x00", 9<<20)}, member{"B", "small"}))
	if !reflect.DeepEqual(codes(facts), []string{archive.OddTooLarge}) || string(facts.Kept["B"]) != "small" || len(facts.Kept) != 1 {
		t.Errorf("got oddities %v, %d members", facts.Oddities, len(facts.Kept))
	}
}

func TestManyMembersTakeNoMemory(t *testing.T) { // not parallel: it measures
	const count = 20_000
	members := make([]member, count)
	for i := range members {
		members[i] = member{name: fmt.Sprintf("pkg/file%06d", i)}
	}
	data := zipOf(t, members...)
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

func TestAFailureToReadIsAnErrorNotAFact(t *testing.T) {
	t.Parallel()
	data := zipOf(t, alder...)
	facts, err := archive.ReadZip(failing{bytes.NewReader(data), 10}, int64(len(data)), wanted)
	if !errors.Is(err, errDisk) || facts.Broken != nil {
		t.Errorf("got %+v, %v", facts, err)
	}
}

func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, alder...))
	f.Add(append([]byte("prefix"), zipOf(f, alder[0])...))
	f.Fuzz(func(t *testing.T, data []byte) {
		facts := readZip(t, data)
		for name, content := range facts.Kept {
			if !wanted(name) || len(content) > 8<<20 {
				t.Fatalf("kept %q of %d bytes", name, len(content))
			}
		}
	})
}
