package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
)

// Two rows with one ref are one message, in this run and in the next, whatever the
// configuration remembers.
func TestSendFileSendsARefOnce(t *testing.T) {
	for _, store := range []string{"", ", store: {max: 1000}"} {
		for _, journal := range []bool{false, true} {
			t.Run(fmt.Sprintf("journal %t%s", journal, store), func(t *testing.T) {
				vendor := phonifytest.NewServer(phonifytest.Options{})
				defer vendor.Close()
				conf := write(t, "anysms.yaml", fmt.Sprintf(`
providers:
  usa: {driver: phonify, api_key: "pk_test_key", base_url: %q}
router: {default_region: GR%s}
`, vendor.URL, store))
				args := []string{"send", "--config", conf, "--format", "json", "--file",
					write(t, "f.csv", "to,text,ref\n+306971234567,Hello Ann,order-1\n+306971234567,Hello Ann,order-1\n")}
				if journal {
					args = append(args, "--journal", filepath.Join(t.TempDir(), "j"))
				}
				runs := 1
				if journal {
					runs = 3
				}
				for range runs {
					got := anysms(t, args...)
					require.Equal(t, cli.ExitDone, got.code, got.stderr)
					byLine := results(t, got.stdout)
					for line := 2; line <= 3; line++ {
						assert.Equal(t, "accepted", string(byLine[line].Status))
						assert.Equal(t, "order-1", byLine[line].Key)
					}
					assert.Equal(t, byLine[2].ID, byLine[3].ID)
				}
				assert.Len(t, vendor.Messages(), 1)
			})
		}
	}
}

// Another file with the refs of the first is not taken for sent.
func TestSendFileWithTheJournalOfAnother(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	conf, journal := bulkConfig(t, vendor.URL), filepath.Join(t.TempDir(), "j")
	send := func(rows string) (outcome, map[int]lineResult) {
		got := anysms(t, "send", "--config", conf, "--file", write(t, "f.csv", "to,text,ref\n"+rows), "--journal", journal, "--format", "json")
		return got, results(t, got.stdout)
	}
	got, _ := send("+306971234567,Hello Ann,1\n+306971234568,Hello Bob,2\n")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	got, byLine := send("+306971234567,Goodbye Ann,1\n+306971234569,Hello Bob,2\n+306971234568,Hello Bob,3\n")
	assert.Equal(t, cli.ExitRefused, got.code)
	for line := 2; line <= 3; line++ {
		assert.Equal(t, "refused", string(byLine[line].Status))
		assert.Equal(t, "invalid_message", string(byLine[line].Code))
		assert.Equal(t, "ref reused with different content", byLine[line].Message)
		assert.Empty(t, byLine[line].ID)
	}
	assert.Equal(t, "accepted", string(byLine[4].Status))
	assert.Len(t, vendor.Messages(), 3)
}
