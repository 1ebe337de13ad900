package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/anysms/anysms/provider"
)

// batchIncomplete leaves the last message out of the reply to a batch.
func batchIncomplete(t *trial) {
	b := t.batcher()
	tried := 0
	for _, file := range b.batchFiles() {
		n := len(file.verdicts)
		if n < 2 || file.verdicts[n-1].outcome != acceptedReply || !file.hasID(n) {
			continue
		}
		messages := make([]*provider.Message, n)
		for i := range messages {
			messages[i] = t.plain("Hello, all of you")
		}
		page := reply{text: file.fill(messages)}.http()
		var shorter bool
		if page.Body, shorter = withoutLast(page.Body, n); !shorter {
			continue
		}
		tried++
		b.reset(sayAlways(page))
		for i, v := range b.sendBatch(messages) {
			what := fmt.Sprintf("%s without its part about message %d: message %d", file.file, n, i+1)
			switch {
			case v.Err == nil && (i == n-1 || !idsOf(i+1).in(v.Receipt.ID)):
				t.failf("%s: accepted, with the id %q", what, v.Receipt.ID)
			case i == n-1 && provider.CodeOf(v.Err) != provider.Indeterminate:
				b.wantVerdict(what, v, string(provider.Indeterminate))
			}
		}
		b.wantNoCopies()
	}
	if tried == 0 {
		t.notApplicable("no batch/*.http is JSON in which the last message is accepted and has an id of its own")
	}
}

// withoutLast removes from a JSON text the parts that have the id of the n-th message
// and of no other.
func withoutLast(body []byte, n int) (shorter []byte, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return nil, false
	}
	last := func(part any) bool {
		text, err := json.Marshal(part)
		if err != nil || !idsOf(n).in(string(text)) {
			return false
		}
		for i := range n - 1 {
			if idsOf(i + 1).in(string(text)) {
				return false
			}
		}
		return true
	}
	var walk func(any) any
	walk = func(part any) any {
		switch part := part.(type) {
		case map[string]any:
			for key, value := range part {
				if last(value) {
					delete(part, key)
					ok = true
					continue
				}
				part[key] = walk(value)
			}
			return part
		case []any:
			kept := slices.DeleteFunc(part, last)
			ok = ok || len(kept) < len(part)
			for i := range kept {
				kept[i] = walk(kept[i])
			}
			return kept
		}
		return part
	}
	shorter, err := json.Marshal(walk(tree))
	return shorter, ok && err == nil
}
