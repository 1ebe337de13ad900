package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// batchReply is one file of Replies/batch.
type batchReply struct {
	file     string
	verdicts []batchVerdict // in the order of the messages
	text     []byte
}

// batchVerdict is what must become of a message.
type batchVerdict struct {
	outcome string // "accepted" or a code
	id      string // of the receipt, with placeholders; "" = the reply says
}

func readBatches(files fs.FS, lab Lab) ([]batchReply, error) {
	var all []batchReply
	err := eachFile(files, "batch", lab.Extension(), func(file string, list []note, rest []byte) error {
		b := batchReply{file: file, text: rest}
		for _, n := range list {
			if n.key != "verdict" {
				continue
			}
			outcome, id, _ := strings.Cut(n.value, " ")
			if outcome != acceptedReply && !slices.Contains(provider.Codes(), provider.Code(outcome)) {
				return fmt.Errorf("verdict %q; want accepted or a code such as invalid_recipient", outcome)
			}
			b.verdicts = append(b.verdicts, batchVerdict{outcome, strings.TrimSpace(id)})
		}
		if len(b.verdicts) == 0 {
			return errors.New(`the verdicts are missing; want a comment line such as "# verdict: accepted" for each message`)
		}
		all = append(all, b)
		return lab.CheckReply(rest)
	})
	return all, err
}

// fill replaces the placeholders {{to.1}}, {{digits.1}}, {{ref.1}}, {{id.1}},
// {{uuid.1}} and {{number.1}}, and so on for further messages.
func (b batchReply) fill(messages []*provider.Message) []byte {
	return []byte(batchPlaceholders(messages).Replace(string(b.text)))
}

func batchPlaceholders(messages []*provider.Message) *strings.Replacer {
	var pairs []string
	for i, m := range messages {
		id := idsOf(i + 1)
		for key, value := range map[string]string{
			"to": m.To.String(), "digits": m.To.Digits(), "ref": m.Ref, "id": id.id, "uuid": id.uuid, "number": id.number,
		} {
			pairs = append(pairs, fmt.Sprintf("{{%s.%d}}", key, i+1), value)
		}
	}
	return strings.NewReplacer(pairs...)
}

// hasID reports whether the reply has an id for the n-th message.
func (b batchReply) hasID(n int) bool {
	return slices.ContainsFunc([]string{"id", "uuid", "number"}, func(key string) bool {
		return bytes.Contains(b.text, fmt.Appendf(nil, "{{%s.%d}}", key, n))
	})
}
