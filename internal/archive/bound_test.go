package archive_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/growth"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// read reads a zip with a selection.
func read(t testing.TB, data []byte, selection archive.Selection) archive.Facts {
	t.Helper()
	facts, err := archive.ReadZip(bytes.NewReader(data), int64(len(data)), selection)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func none(string) bool { return false }

// TestReadZip_First: members that are wanted first are kept, whatever else there is.
func TestReadZip_First(t *testing.T) {
	t.Parallel()
	var members []member
	content := strings.Repeat("x", 50_000)
	for n := range 1000 { // more than are kept
		members = append(members, member{fmt.Sprintf("other/%d", n), content})
	}
	members = append(members, member{"METADATA", "Name: alder"}, member{"WHEEL", "1.0"}, member{"RECORD", "METADATA,,\n"})
	facts := read(t, zipOf(members...), archive.Selection{
		Keep: func(member string) bool { return member != "WHEEL" }, First: []string{"METADATA", "WHEEL"}, Record: "RECORD",
	})
	if got := string(facts.Kept["METADATA"]); got != "Name: alder" {
		t.Errorf("METADATA is %q", got)
	}
	for _, noted := range []string{"WHEEL", "RECORD"} {
		if content, read := facts.Kept[noted]; !read || content != nil {
			t.Errorf("%s: read is %v, with %d bytes", noted, read, len(content))
		}
	}
}

// TestReadZip_Verify: any number of members is read to the end, none is kept, and a damaged one is found.
func TestReadZip_Verify(t *testing.T) {
	t.Parallel()
	var members []member
	for n := range 3000 {
		members = append(members, member{fmt.Sprintf("licenses/%d", n), "text"})
	}
	data := zipOf(append(members, member{"METADATA", "Name: alder"})...)
	selection := archive.Selection{
		Keep: none, First: []string{"METADATA"}, Verify: func(member string) bool { return strings.HasPrefix(member, "licenses/") },
	}
	facts := read(t, data, selection)
	if len(facts.Anomalies) > 0 || len(facts.Kept) != 1 {
		t.Errorf("got %v, %d kept", facts.Anomalies, len(facts.Kept))
	}
	central := bytes.LastIndex(data, []byte("licenses/2999"))
	data[central-46+16] ^= 1 // of its checksum
	facts = read(t, data, selection)
	if o := facts.HasAnomaly(archive.AnomalyDamaged); o == nil || o.Member != "licenses/2999" {
		t.Errorf("got %v", facts.Anomalies)
	}
}

// TestReadZip_LargeRecord: a record of half a million rows is compared to its end. With -short it has an eighth of them.
func TestReadZip_LargeRecord(t *testing.T) {
	t.Parallel()
	rows := 4 << 17
	if testing.Short() {
		rows /= 8
	}
	record := "a.py,,\nRECORD,,\n" + strings.Repeat("a.py,,\n", rows) + "c.py,,\n"
	data := zipOf(member{"a.py", "x = 1"}, member{"b.txt", "text"}, member{"RECORD", record})
	facts := read(t, data, archive.Selection{Keep: none, Record: "RECORD"})
	if got := codes(facts); !reflect.DeepEqual(got, []string{archive.AnomalyAbsent, archive.AnomalyUnlisted}) {
		t.Errorf("got %v", facts.Anomalies)
	}
}

// counted counts what is read of a file.
type counted struct {
	*bytes.Reader
	bytes int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.bytes += int64(n)
	return n, err
}

// sharing returns a zip with many members that have the same data: a stream of blocks without content, so that it is long, and unpacks to
// nothing.
func sharing(members, size int) []byte {
	data := append(bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, size/5), 1, 1, 0, 0xfe, 0xff, 'x')
	var b bytes.Buffer
	local := func(name string) []byte {
		head := make([]byte, 30, 30+len(name))
		copy(head, "PK\x03\x04\x14\x00\x00\x00\x08\x00")
		binary.LittleEndian.PutUint32(head[14:], crc32.ChecksumIEEE([]byte("x")))
		binary.LittleEndian.PutUint32(head[18:], uint32(len(data)))
		binary.LittleEndian.PutUint32(head[22:], 1)
		binary.LittleEndian.PutUint16(head[26:], uint16(len(name)))
		return append(head, name...)
	}
	b.Write(local("a.py"))
	b.Write(data)
	start := b.Len()
	for range members {
		head := make([]byte, 46)
		copy(head, "PK\x01\x02\x14\x00\x14\x00\x00\x00\x08\x00")
		copy(head[16:], local("a.py")[14:30])
		b.Write(head)
		b.WriteString("a.py")
	}
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	binary.LittleEndian.PutUint16(end[8:], uint16(members))
	binary.LittleEndian.PutUint16(end[10:], uint16(members))
	binary.LittleEndian.PutUint32(end[12:], uint32(b.Len()-start))
	binary.LittleEndian.PutUint32(end[16:], uint32(start))
	b.Write(end)
	return b.Bytes()
}

// TestReadZip_CostGrowsLinearly: twice as many members, over a stream of twice the length, take about twice as much to read.
func TestReadZip_CostGrowsLinearly(t *testing.T) {
	t.Parallel()
	growth.Linear(t, "bytes read", func(scale int) int64 {
		data := sharing(500*scale, 200_000*scale)
		file := &counted{Reader: bytes.NewReader(data)}
		facts, err := archive.ReadZip(file, int64(len(data)), archive.Selection{Keep: none})
		if err != nil || facts.Broken != nil {
			t.Fatal(facts.Broken, err)
		}
		if facts.HasAnomaly(archive.AnomalyStopped) == nil {
			t.Errorf("nothing says that the walk was stopped: %v", facts.Anomalies)
		}
		return file.bytes
	})
}

// TestReadZip_ManyNames: an archive may have more members than are compared with each other; what matters is read all the same.
func TestReadZip_ManyNames(t *testing.T) {
	long.Only(t)
	t.Parallel()
	wheel := zipOf(member{"a/METADATA", "Name: alder"}, member{"a/RECORD", "a/METADATA,,\na/RECORD,,\n"})
	start, end := bytes.Index(wheel, []byte("PK\x01\x02")), len(wheel)-22
	const more = 1 << 20
	entry := make([]byte, 46+9)
	copy(entry, "PK\x01\x02\x14\x00\x14\x00")
	entry[28] = 9
	data := bytes.Clone(wheel[:start])
	for n := range more {
		copy(entry[46:], fmt.Sprintf("a/%07x", n))
		data = append(data, entry...)
	}
	data = append(data, wheel[start:end]...)
	size := uint64(len(data) - start)
	data = append(data, zip64End(more+2, size, uint64(start))...)
	data = append(data, wheel[end:]...)
	for at := 8; at < 20; at++ {
		data[len(data)-22+at] = 0xff
	}
	facts := read(t, data, archive.Selection{
		Keep: func(member string) bool { return member == "a/METADATA" }, First: []string{"a/METADATA"}, Record: "a/RECORD",
	})
	if facts.Members != more+2 || string(facts.Kept["a/METADATA"]) != "Name: alder" || facts.Broken != nil {
		t.Errorf("%d members, %q, %v", facts.Members, facts.Kept["a/METADATA"], facts.Broken)
	}
	for _, o := range facts.Anomalies {
		if o.Code != archive.AnomalyStopped {
			t.Errorf("got %+v", o)
		}
	}
	if facts.HasAnomaly(archive.AnomalyStopped) == nil {
		t.Error("nothing says that names were not compared")
	}
}

func zip64End(entries, size, offset uint64) []byte {
	b := make([]byte, 56+20)
	copy(b, "PK\x06\x06")
	b[4] = 44
	binary.LittleEndian.PutUint64(b[24:], entries)
	binary.LittleEndian.PutUint64(b[32:], entries)
	binary.LittleEndian.PutUint64(b[40:], size)
	binary.LittleEndian.PutUint64(b[48:], offset)
	copy(b[56:], "PK\x06\x07")
	binary.LittleEndian.PutUint64(b[64:], offset+size)
	b[72] = 1
	return b
}

// TestAdmit: more than a megabyte of memory is asked for, once; the error ends the walk.
func TestAdmit(t *testing.T) {
	t.Parallel()
	refused := errors.New("no memory")
	for name, c := range map[string]struct {
		content string
		asks    int
	}{"small": {"x", 0}, "large": {strings.Repeat("x", 2<<20), 1}} {
		for kind, data := range map[string][]byte{
			"zip": zipOf(member{"A", c.content}, member{"B", c.content}),
			"tar": disttest.Gzip(tarOf(member{"A", c.content}, member{"B", c.content})),
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				asked, answer := 0, error(nil)
				selection := archive.Selection{Keep: wanted, Admit: func() error { asked++; return answer }}
				walk := func() (archive.Facts, error) {
					if kind == "tar" {
						return archive.ReadTarGz(bytes.NewReader(data), selection)
					}
					return archive.ReadZip(bytes.NewReader(data), int64(len(data)), selection)
				}
				if facts, err := walk(); err != nil || len(facts.Kept) != 2 || asked != c.asks {
					t.Errorf("asked %d times, %v, %v", asked, facts.Anomalies, err)
				}
				answer = refused
				if _, err := walk(); (c.asks > 0) != errors.Is(err, refused) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// TestReadTarGz_FirstMember: what is asked for is found behind a member that is compressed more than any text.
func TestReadTarGz_FirstMember(t *testing.T) {
	long.Only(t)
	t.Parallel()
	const size = 300 << 20
	head := tarOf(member{"a/zeros", ""})[:512]
	copy(head[124:136], fmt.Sprintf("%011o\x00", size))
	copy(head[148:156], "        ")
	sum := 0
	for _, b := range head {
		sum += int(b)
	}
	copy(head[148:156], fmt.Sprintf("%06o\x00 ", sum))
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for _, part := range [][]byte{head, make([]byte, size), tarOf(member{"a/PKG-INFO", "Name: alder"})} {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	facts, err := archive.ReadTarGz(&packed, archive.Selection{Keep: wanted})
	if err != nil || facts.Broken != nil || string(facts.Kept["a/PKG-INFO"]) != "Name: alder" {
		t.Errorf("got %v, %v, %v", facts.Kept, facts.Broken, err)
	}
}

// FuzzFindZip: any file can be looked at for a zip.
func FuzzFindZip(f *testing.F) {
	f.Add(zipOf(alder...))
	f.Add(append(disttest.Gzip(tarOf(alder...)), zipOf(alder[0])...))
	f.Fuzz(func(t *testing.T, data []byte) {
		var facts archive.Facts
		if err := facts.FindZip(bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
	})
}
