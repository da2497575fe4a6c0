package archive_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive"
)

// record is a member as a zip says it twice. What is in the central directory is what is in the local header, unless it
// says otherwise.
type record struct {
	name, content   string
	flags, method   uint16
	extra           string
	packed, size    int // added to what is true, in the local header
	central         string
	centralFlags    uint16
	centralExtra    string
	comment         string
	noLocal, noList bool
}

// tail is how a zip ends.
type tail struct {
	disk, entries, size, offset int    // added to what is true
	before                      string // the end record
	comment, after              string
}

// assemble writes a zip, right or wrong.
func assemble(prefix string, records []record, end tail) []byte {
	var b, list bytes.Buffer
	b.WriteString(prefix)
	count := 0
	for _, r := range records {
		offset := b.Len()
		size, sum := len(r.content), crc32.ChecksumIEEE([]byte(r.content))
		if !r.noLocal {
			b.WriteString("PK\x03\x04")
			write(
				&b, uint16(20), r.flags, r.method, uint32(0), sum, uint32(size+r.packed), uint32(size+r.size), uint16(len(r.name)),
				uint16(len(r.extra)),
			)
			b.WriteString(r.name + r.extra + r.content)
		}
		if r.noList {
			continue
		}
		if r.central == "" {
			r.central = r.name
		}
		list.WriteString("PK\x01\x02")
		write(&list, uint16(20), uint16(20), r.centralFlags, r.method, uint32(0), sum, uint32(size), uint32(size), uint16(len(r.central)),
			uint16(len(r.centralExtra)), uint16(len(r.comment)), uint16(0), uint16(0), uint32(0), uint32(offset-len(prefix)))
		list.WriteString(r.central + r.centralExtra + r.comment)
		count++
	}
	offset := b.Len() - len(prefix)
	b.Write(list.Bytes())
	b.WriteString(end.before + "PK\x05\x06")
	write(
		&b, uint16(0), uint16(0), uint16(count+end.entries+end.disk), uint16(count+end.entries), uint32(list.Len()+end.size),
		uint32(offset+end.offset), uint16(len(end.comment)),
	)
	b.WriteString(end.comment + end.after)
	return b.Bytes()
}

func write(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		_ = binary.Write(b, binary.LittleEndian, v) // numbers to a buffer
	}
}

// field is an extra field.
func field(id, length uint16, data string) string {
	var b bytes.Buffer
	write(&b, id, length)
	return b.String() + data
}

func wide(sizes ...uint64) string {
	var b bytes.Buffer
	for _, s := range sizes {
		write(&b, s)
	}
	return b.String()
}

const far = 0xffffffff - 4 // added to the 4 bytes of "data", it stands for a size in the extra field

// TestReadZip_Framing has, of every complaint of the index, what it is about, and what is just not.
func TestReadZip_Framing(t *testing.T) {
	t.Parallel()
	a, b := record{name: "a", content: "data"}, record{name: "b", content: "more"}
	one := func(change func(*record)) []byte {
		r := a
		change(&r)
		return assemble("", []record{r, b}, tail{})
	}
	ending := func(end tail) []byte { return assemble("", []record{a, b}, end) }
	extra := func(text string) []byte { return one(func(r *record) { r.extra = text }) }
	wideExtra := func(text string) []byte {
		return one(func(r *record) { r.extra, r.packed, r.size = text, far, far })
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"as it should be":                 {ending(tail{}), ""},
		"nothing in it":                   {assemble("", nil, tail{}), ""},
		"a comment":                       {ending(tail{comment: "hello"}), ""},
		"a name in UTF-8":                 {one(func(r *record) { r.name, r.flags, r.centralFlags = "ä", 1<<11, 1<<11 }), ""},
		"the flag only in the directory":  {one(func(r *record) { r.name, r.centralFlags = "ä", 1<<11 }), ""},
		"a name without the flag":         {one(func(r *record) { r.name = "ä" }), "Filename not in central directory"},
		"a name in no UTF-8":              {one(func(r *record) { r.name = "\xe4" }), "Filename not unicode"},
		"a name in another character set": {one(func(r *record) { r.name, r.central = "ä", "\x84" }), "Missing filename in local headers"},
		"a control character":             {one(func(r *record) { r.name = "a\x1f" }), "Invalid character in filename"},
		"a DEL":                           {one(func(r *record) { r.name = "a\x7f" }), "Invalid character in filename"},
		"a NUL":                           {one(func(r *record) { r.name = "a\x00" }), "Invalid character in filename"},
		"a blank":                         {one(func(r *record) { r.name = "a b" }), ""},
		"a prefix":                        {assemble("#!/bin/sh\n", []record{a}, tail{}), "Unknown record signature"},
		"an archive before it": {
			append(ending(tail{}), assemble("", []record{a}, tail{})...), "Filename not in central directory",
		},
		"data after it":                   {ending(tail{after: "\n"}), "Trailing data"},
		"a longer comment than there is":  {append(ending(tail{comment: "hello"})[:len(ending(tail{}))], "he"...), "Trailing data"},
		"a data descriptor":               {one(func(r *record) { r.flags = 8 }), "ZIP contains a data descriptor"},
		"the flag of it in the directory": {one(func(r *record) { r.centralFlags = 8 }), ""},
		"other names":                     {one(func(r *record) { r.central = "c" }), "Filename not in central directory"},
		"only a local header":             {one(func(r *record) { r.noList = true }), "Filename not in central directory"},
		"only in the directory":           {one(func(r *record) { r.noLocal = true }), "Missing filename in local headers"},
		"another packed size":             {one(func(r *record) { r.packed = -4 }), "Mis-matched data size"},
		"another size":                    {one(func(r *record) { r.size = 1 }), "Mis-matched file size"},
		"a member twice":                  {assemble("", []record{a, a}, tail{}), "Duplicate filename in local headers"},
		"twice, of other sizes":           {assemble("", []record{a, {name: "a", content: "longer"}}, tail{}), "Mis-matched data size"},
		"in the directory twice": {
			assemble("", []record{a, {name: "a", content: "data", noLocal: true}}, tail{}), "Duplicate filename in central directory",
		},
		"a comment of a member":          {one(func(r *record) { r.comment = "x" }), "Comment in central directory"},
		"an extra field":                 {extra(field(0x5455, 1, "x")), ""},
		"an extra field twice":           {extra(field(0x5455, 1, "x") + field(0x5455, 1, "x")), ""},
		"three bytes of extra":           {extra("abc"), "Malformed zip file"},
		"an extra field too long":        {extra(field(0x5455, 2, "x")), "Malformed zip file"},
		"zip64 without need":             {extra(field(1, 16, wide(9, 4))), ""},
		"zip64 of another size":          {extra(field(1, 16, wide(4, 9))), "Mis-matched data size"},
		"zip64 of no length":             {extra(field(1, 0, "")), ""},
		"zip64 of no length, and needed": {wideExtra(field(1, 0, "")), "Malformed zip file"},
		"zip64 of one size":              {wideExtra(field(1, 8, wide(4))), ""},
		"zip64 of one size, deflated": {
			one(func(r *record) { r.extra, r.packed, r.size, r.method = field(1, 8, wide(4)), far, far, 8 }), "Malformed zip file",
		},
		"zip64 of two sizes":    {wideExtra(field(1, 16, wide(4, 4))), ""},
		"zip64 of three":        {wideExtra(field(1, 24, wide(4, 4, 0))), ""},
		"zip64 of all":          {wideExtra(field(1, 28, wide(4, 4, 0)+"disk")), ""},
		"zip64 of twelve bytes": {extra(field(1, 12, strings.Repeat("x", 12))), "Malformed zip file"},
		"zip64 twice":           {extra(field(1, 0, "") + field(1, 0, "")), "Invalid duplicate extra in local file"},
		"a Unicode path":        {extra(field(0x7075, 6, "\x01sum.x")), ""},
		"a Unicode path twice": {
			extra(field(0x7075, 5, "\x01sum.") + field(0x7075, 5, "\x01sum.")), "Invalid duplicate extra in local file",
		},
		"a short Unicode path":       {extra(field(0x7075, 2, "\x01s")), ""},
		"a Unicode path of no UTF-8": {extra(field(0x7075, 6, "\x01sum.\xff")), "Filename not valid UTF-8"},
		"a control character in it":  {extra(field(0x7075, 6, "\x01sum.\n")), "Invalid character in filename"},
		"a digital signature":        {ending(tail{before: "PK\x05\x05\x00\x00", size: 6}), "broken"},
		"other counts":               {ending(tail{disk: 1}), "Malformed zip file"},
		"other entries":              {ending(tail{entries: 1}), "Mismatched central directory records"},
		"another offset":             {ending(tail{offset: 1}), "Mismatched central directory offset"},
		"zip64 at the end":           {ending(tail{before: end64(44, 2, 2, 94, 70) + locator(164)}), ""},
		"zip64 of other counts":      {ending(tail{before: end64(44, 1, 2, 94, 70) + locator(164)}), "Malformed zip file"},
		"zip64 of other entries": {
			ending(tail{before: end64(44, 3, 3, 94, 70) + locator(164)}), "Mismatched central directory records",
		},
		"zip64 with more":         {ending(tail{before: end64(48, 2, 2, 94, 70) + "more" + locator(164)}), "extensible"},
		"zip64 of another length": {ending(tail{before: end64(48, 2, 2, 94, 70) + locator(164)}), "not a zip"},
		"zip64 of another offset": {ending(tail{before: end64(44, 2, 2, 94, 71) + locator(164)}), "not a zip"},
		"zip64 elsewhere":         {ending(tail{before: end64(44, 2, 2, 94, 70) + locator(163)}), "not a zip"},
		"zip64 behind the end":    {ending(tail{before: end64(44, 2, 2, 94, 70) + locator(165)}), "not a zip"},
		"zip64 without a record":  {ending(tail{before: strings.Repeat("x", 56) + locator(164)}), "not a zip"},
		"zip64 of two disks": {
			ending(tail{before: end64(44, 2, 2, 94, 70) + strings.Replace(locator(164), "\x01\x00", "\x02\x00", 1)}), "not a zip",
		},
		"zip64 without a locator": {
			ending(tail{before: end64(44, 2, 2, 94, 70), size: 0xffffffff - 94, offset: 0xffffffff - 70}), "not a zip",
		},
		"zip64 behind a prefix": {
			assemble("#!/bin/sh\n", []record{a, b}, tail{before: end64(44, 2, 2, 94, 70) + locator(164)}), "Unknown record signature",
		},
		"a locator alone":           {ending(tail{before: locator(0), size: 20}), "not a zip"},
		"entries, and no directory": {assemble("", nil, tail{entries: 1}), "not a zip"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := readZip(t, c.data)
			got := ""
			switch anomaly := facts.HasAnomaly(archive.AnomalyFraming); {
			case errors.Is(facts.Broken, archive.ErrNotZip):
				got = "not a zip"
			case errors.Is(facts.Broken, archive.ErrExtensible):
				got = "extensible"
			case facts.Broken != nil:
				got = "broken"
			case anomaly != nil:
				got = anomaly.Detail
			}
			if got != c.want {
				t.Errorf("got %q (%v), want %q", got, facts.Broken, c.want)
			}
		})
	}
}

// locator is that of a zip64 end record at an offset.
func locator(at uint64) string { return "PK\x06\x07\x00\x00\x00\x00" + wide(at) + "\x01\x00\x00\x00" }

func end64(length, onDisk, entries, size, offset uint64) string {
	return "PK\x06\x06" + wide(length) + "\x2d\x00\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00" + wide(onDisk, entries, size, offset)
}
