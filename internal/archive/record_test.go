package archive_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// withRecord reads a zip of two files and a record.
func withRecord(t testing.TB, record string, more ...member) archive.Facts {
	t.Helper()
	members := append([]member{{"a.py", "x = 1"}, {"b.txt", "text"}, {"RECORD", record}}, more...)
	data := zipOf(members...)
	facts, err := archive.ReadZip(
		strings.NewReader(string(data)), int64(len(data)), archive.Selection{Keep: func(string) bool { return false }, Record: "RECORD"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func TestRecord(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	for name, c := range map[string]struct {
		record string
		more   []member
		want   []string // code and member
	}{
		"right":                 {record: "a.py,,\nb.txt,,\nRECORD,,\n"},
		"with sizes and hashes": {record: "a.py," + digest("x = 1") + ",5\r\nb.txt," + digest("text") + ",4\r\nRECORD,,\r\n"},
		"quoted":                {record: "\"a.py\",,\n\"b.txt\"\n\"RECORD\",\"\",\"\",more"},
		"blank lines":           {record: "\n\na.py\n\nb.txt\nRECORD", want: []string{"record-empty-row RECORD"}},
		"lines of Windows":      {record: "a.py\r\nb.txt\r\nRECORD\r\n"},
		"those of a text twice": {record: "a.py\r\r\nb.txt\r\r\nRECORD", want: []string{"record-empty-row RECORD"}},
		"two separators":        {record: "a.py\u2028\x1cb.txt\nRECORD", want: []string{"record-empty-row RECORD"}},
		"a blank line in quotes": {
			record: "a.py\nb.txt\nRECORD\n\"c\n\nd\"\n", want: []string{"only-in-record cd"},
		},
		"an empty cell":  {record: "a.py\nb.txt\nRECORD\n,,\n", want: []string{"only-in-record "}},
		"not itself":     {record: "a.py\nb.txt\n", want: []string{"not-in-record RECORD"}},
		"too little":     {record: "a.py\nRECORD", want: []string{"not-in-record b.txt"}},
		"too much":       {record: "a.py\nb.txt\nc.txt\nRECORD", want: []string{"only-in-record c.txt"}},
		"twice":          {record: "a.py\na.py\nb.txt\nRECORD"},
		"backslashes":    {record: "a.py\nb.txt\nRECORD\nd\\e", more: []member{{"d/e", ""}}},
		"a folder":       {record: "a.py\nb.txt\nRECORD", more: []member{{"d/", ""}}},
		"a folder in it": {record: "a.py\nb.txt\nRECORD\nd/", more: []member{{"d/", ""}}, want: []string{"only-in-record d/"}},
		"signatures":     {record: "a.py\nb.txt\nRECORD", more: []member{{"RECORD.jws", ""}, {"RECORD.p7s", ""}}},
		"a signature in it": {
			record: "a.py\nb.txt\nRECORD\nRECORD.jws", more: []member{{"RECORD.jws", ""}}, want: []string{"only-in-record RECORD.jws"},
		},
		"another size":    {record: "a.py\nb.txt,,5\nRECORD", want: []string{"record-sum b.txt"}},
		"another hash":    {record: "a.py," + digest("y") + ",\nb.txt\nRECORD", want: []string{"record-sum a.py"}},
		"an unread hash":  {record: "a.py\nb.txt," + digest("y") + ",\nRECORD"},
		"an invalid hash": {record: "a.py,sha256=x,\nb.txt\nRECORD", want: []string{"record-hash a.py"}},
		"not UTF-8":       {record: "\xff", want: []string{"record-unreadable RECORD"}},
		"a long field": {
			record: strings.Repeat("é", 131072),
			want: []string{
				"only-in-record " + strings.Repeat("é", 50) + "...", "not-in-record a.py", "not-in-record b.txt", "not-in-record RECORD",
			},
		},
		"a field too long":        {record: strings.Repeat("é", 131073), want: []string{"record-unreadable RECORD"}},
		"a quotation without end": {record: "\"" + strings.Repeat("line\n", 40_000), want: []string{"record-unreadable RECORD"}},
		"a thousand differences": {
			record: strings.Repeat("x", 9) + "\na.py\nb.txt\nRECORD\n" + numbered(1000),
			want:   append([]string{"only-in-record xxxxxxxxx"}, first(7)...),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, o := range withRecord(t, c.record, c.more...).Anomalies {
				if o.Code != archive.AnomalyColumns { // most rows here are short
					got = append(got, o.Code+" "+o.Member)
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %.300q, want %.300q", got, c.want)
			}
		})
	}
}

// TestRecord_EveryMember: in one pass every member is compared with its entry, once.
func TestRecord_EveryMember(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("other"))
	digest := "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:])
	sum384, sum512 := sha512.Sum384([]byte("text")), sha512.Sum512([]byte("text"))
	for row, want := range map[string][]string{
		"b.txt," + digest + ",":  {"record-sum b.txt its SHA-256 is not the one in the record"},
		"b.txt," + digest + ",4": {"record-sum b.txt its SHA-256 is not the one in the record"},
		"b.txt," + digest + ",5": {"record-sum b.txt it has 4 bytes, but the record says 5"},
		"b.txt,md5=x,4":          {"record-hash b.txt md5 is weaker than SHA-256, and not allowed"},
		"b.txt,sha384=" + base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte("a"), 48)) + ",4": {
			"record-sum b.txt its SHA-384 is not the one in the record",
		},
		"b.txt,sha512=" + base64.RawURLEncoding.EncodeToString(sum512[:]) + ",4": nil,
		"b.txt,sha512=" + base64.RawURLEncoding.EncodeToString(sum384[:]) + ",4": {
			"record-hash b.txt it is not a digest of SHA-512 in the base64 of URLs",
		},
	} {
		data := zipOf(member{"b.txt", "text"}, member{"RECORD", "RECORD,,\n" + row})
		facts, err := archive.ReadZip(bytes.NewReader(data), int64(len(data)), archive.Selection{
			Keep: func(string) bool { return false }, Record: "RECORD", Budget: archive.NewBudget(100), Stream: bytes.NewReader(data),
		})
		var got []string
		for _, o := range facts.Anomalies {
			got = append(got, o.Code+" "+o.Member+" "+o.Detail)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, %v, want %q", row, got, err, want)
		}
	}
}

// TestRecord_Rows: of each mistake in rows there is one anomaly, with the first row that has it.
func TestRecord_Rows(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("x = 1"))
	right := base64.RawURLEncoding.EncodeToString(sum[:])
	for rows, want := range map[string]string{ // of a.py and b.txt
		"a.py,,\nb.txt,,":                                      "",
		"a.py,sha256=" + right + ",5\nb.txt,,4":                "",
		"a.py,sha3_256=x,\nb.txt,blake2b=x,":                   "",
		"a.py,\nb.txt,,":                                       "record-columns a.py 2",
		"a.py,,,\nb.txt,,,":                                    "record-columns a.py 4, and 1 more like it",
		"a.py,,5 B\nb.txt,,-4":                                 "record-size a.py 5 B, and 1 more like it",
		"a.py,sha256=" + right + "=,\nb.txt,,":                 "record-hash a.py it has padding, the = at its end",
		"a.py," + right + ",\nb.txt,,":                         "record-hash a.py it has no name of an algorithm in front",
		"a.py,sha1=x,\nb.txt,,":                                "record-hash a.py sha1 is weaker than SHA-256, and not allowed",
		"a.py,SHA256=" + right + ",\nb.txt,,":                  "record-hash a.py the algorithm SHA256 is unknown",
		"a.py,sha256=" + right[1:] + ",\nb.txt,,":              "record-hash a.py it is not a digest of SHA-256 in the base64 of URLs",
		"a.py,sha256=" + fmt.Sprintf("%x", sum) + ",\nb.txt,,": "record-hash a.py it is in hexadecimal, and must be the base64 of URLs",
		"a.py,,\nb.txt,,\nRECORD.jws,,":                        "only-in-record RECORD.jws it is a signature of the record",
	} {
		var got []string
		for _, o := range withRecord(t, rows+"\nRECORD,,\n", member{"RECORD.jws", ""}).Anomalies {
			got = append(got, o.Code+" "+o.Member+" "+o.Detail)
		}
		if joined := strings.Join(got, "; "); joined != want {
			t.Errorf("%q: got %q, want %q", rows, joined, want)
		}
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "f%d\n", i)
	}
	return b.String()
}

func first(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("only-in-record f%d", i))
	}
	return list
}

func FuzzRecord(f *testing.F) {
	f.Add("a.py,sha256=x,1\n\"b.txt\"\nRECORD,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, o := range withRecord(t, text).Anomalies {
			if o.Code == archive.AnomalyFraming || o.Code == archive.AnomalyDamaged {
				t.Errorf("%+v", o)
			}
		}
	})
}

// TestScan_SourceMarkers: the marks count in a source of up to 5 MiB, wherever they stand.
func TestScan_SourceMarkers(t *testing.T) {
	t.Parallel()
	const armor, begin, end = "__pyarmor__(__name__, __file__,", "---BEGIN PYE FILE---", "---END PYE FILE---"
	for name, c := range map[string]struct {
		file, content, want string
	}{
		"nothing":                      {"a.py", "x = 1\n", ""},
		"a call":                       {"a.py", "x\n" + armor + " b'')", "PyArmor"},
		"another call":                 {"a.py", "__pyarmor__(__name__, $path,", ""},
		"a name":                       {"a.PyE", "__pyarmor_bcc__", "PyArmor"},
		"half a name":                  {"a.py", "__pyarmor_bcc_", ""},
		"no source":                    {"a.pyc", armor, ""},
		"no name before the dot":       {"b/.py", armor, ""},
		"a dot in a folder":            {"b.py/c", armor, ""},
		"both marks":                   {"a.pye", begin + "x" + end, "SourceDefender"},
		"the other way round":          {"a.py", end + begin, "SourceDefender"},
		"the beginning alone":          {"a.py", begin, ""},
		"the end alone":                {"a.py", end, ""},
		"across a border":              {"a.py", strings.Repeat("x", 32<<10-9) + armor, "PyArmor"},
		"far from each other":          {"a.py", begin + strings.Repeat("\n", 1<<20) + end, "SourceDefender"},
		"at the end of what is read":   {"a.py", strings.Repeat("x", 5<<20-len(armor)) + armor, "PyArmor"},
		"in a source that is larger":   {"a.py", strings.Repeat("x", 5<<20-len(armor)+1) + armor, ""},
		"at the start of a larger one": {"a.py", armor + strings.Repeat("x", 5<<20), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members := []member{{c.file, c.content}, {"z.py", "x = 1"}}
			for kind, facts := range map[string]archive.Facts{
				"zip": readZip(t, zipOf(members...)), "tar": readTarGz(t, disttest.Gzip(tarOf(members...))),
			} {
				got := ""
				if anomaly := facts.HasAnomaly(archive.AnomalyObfuscated); anomaly != nil {
					got = anomaly.Detail
				}
				if got != c.want {
					t.Errorf("%s: got %q, want %q", kind, got, c.want)
				}
			}
		})
	}
}
