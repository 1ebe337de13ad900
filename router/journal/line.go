package journal

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// maxLine bounds a line; entries are far shorter.
const maxLine = 1 << 20

func checksum(body []byte) uint32 { return crc32.ChecksumIEEE(body) }

// format returns an entry's line.
func format(e router.JournalEntry) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	line := fmt.Appendf(nil, "%08x %s\n", checksum(body), body)
	if len(line) > maxLine {
		return nil, fmt.Errorf("journal: the entry is too long: %d bytes; the limit is %d", len(line), maxLine)
	}
	return line, nil
}

// bodyOf returns the JSON of a line, without its line end, if its checksum is right.
func bodyOf(line []byte) ([]byte, bool) {
	if len(line) < 9 || line[8] != ' ' {
		return nil, false
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	return line[9:], err == nil && checksum(line[9:]) == uint32(sum)
}

// parse returns the entry of a body.
func parse(body []byte) (e router.JournalEntry, err error) {
	if err = json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("the line is not an entry: %w", err)
	}
	return e, nil
}

// headOf returns an entry's key and outcome. The key is valid until body changes.
func headOf(body []byte) (key []byte, outcome provider.Outcome, err error) {
	if key, outcome, ok := fastHead(body); ok {
		return key, outcome, nil
	}
	e, err := parse(body)
	return []byte(e.Key), e.Outcome, err
}

// fastHead reads what format writes where no character is escaped. Reading a journal
// is mostly this.
func fastHead(body []byte) (key []byte, outcome provider.Outcome, ok bool) {
	if len(body) == 0 || body[0] != '{' {
		return nil, "", false
	}
	for rest := body[1:]; ; rest = rest[1:] {
		name, after, ok := quoted(rest)
		if !ok || len(after) == 0 || after[0] != ':' {
			return nil, "", false
		}
		var value []byte
		if value, rest, ok = quoted(after[1:]); !ok || len(rest) == 0 {
			return nil, "", false
		}
		switch string(name) {
		case "key":
			key = value
		case "outcome":
			outcome = provider.Outcome(value)
		}
		if rest[0] == '}' {
			return key, outcome, key != nil && len(rest) == 1
		}
		if rest[0] != ',' {
			return nil, "", false
		}
	}
}

// quoted splits a JSON string without escapes from what follows it.
func quoted(b []byte) (value, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '"':
			return b[1:i], b[i+1:], true
		case b[i] == '\\', b[i] < ' ':
			return nil, nil, false
		}
	}
	return nil, nil, false
}
