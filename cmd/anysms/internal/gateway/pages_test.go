package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPagesWhileMessagesArrive reads all pages of a list while messages are queued and sent:
// those that were there at the start are on one page each, and none is on two.
func TestPagesWhileMessagesArrive(t *testing.T) {
	l := open(t, "{}")
	before, err := l.postMany(0, 200)
	require.NoError(t, err)
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for first := 200; first < 3000; first += 10 {
			select {
			case <-done:
				return
			default:
			}
			if _, err := l.postMany(first, 10); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for _, filter := range []string{"", "&class=transactional", "&tag=campaign"} {
		pages := make(map[string]int) // by id
		last, cursor := "n", ""
		for n := 1; ; n++ {
			var page struct {
				Items []struct{ ID string }
				Next  string
			}
			a := l.call("", "GET", "/v1/messages?limit=13"+filter+cursor, "")
			require.Equal(t, http.StatusOK, a.status, "%s", a.body)
			require.NoError(t, json.Unmarshal(a.body, &page))
			for _, m := range page.Items {
				assert.Less(t, m.ID, last, "the newest first")
				assert.Zero(t, pages[m.ID], "%s is on two pages", m.ID)
				pages[m.ID], last = n, m.ID
			}
			if page.Next == "" {
				break
			}
			cursor = "&cursor=" + page.Next
		}
		for _, id := range before {
			assert.NotZero(t, pages[id], "%s is on no page%s", id, filter)
		}
	}
	close(done)
	work.Wait()
}

// postMany posts messages with a tag and returns their ids.
func (l *lab) postMany(first, n int) (ids []string, err error) {
	list := make([]map[string]string, n)
	for i := range list {
		list[i] = map[string]string{"to": fmt.Sprintf("+3069%08d", first+i), "text": "Hello", "ref": fmt.Sprint("p", first+i), "tag": "campaign"}
	}
	body, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	resp, err := l.client.Post(l.url+"/v1/messages/batch", "application/json", strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var got struct{ Items []struct{ ID string } }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != http.StatusMultiStatus {
		return nil, fmt.Errorf("status %d, %w", resp.StatusCode, err)
	}
	for _, item := range got.Items {
		ids = append(ids, item.ID)
	}
	return ids, nil
}
