package rest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
)

// queued is the ref of a message in a queue.
const queued = "msg_0199c3f0-7d1e-7a3b-9c4d-5e6f708192a3"

// TestRefsOfQueuedMessages holds that no vendor's limit on refs keeps queued messages from
// being sent.
func TestRefsOfQueuedMessages(t *testing.T) {
	for _, name := range Builtin() {
		t.Run(name, func(t *testing.T) {
			r, err := Load(name)
			require.NoError(t, err)
			form := r.api.Write.Ref
			written := form.write(queued)
			require.NoError(t, form.check(written))
			assert.Equal(t, queued, form.read(written))
			if i := r.api.Idempotency; i != nil && i.When == "" { // else refs are the vendor's by choice
				_, err = i.key(queued)
				require.NoError(t, err)
			}
		})
	}
}

func TestDashedRefs(t *testing.T) {
	form := refForm{Dashed: true}
	for ref, want := range map[string]string{
		queued:       "msg-0199c3f0-7d1e-7a3b-9c4d-5e6f708192a3",
		"order_1042": "order_1042", // it could not be told from order-1042 any more
		"msg_1":      "msg_1",
		"":           "",
	} {
		assert.Equal(t, want, form.write(ref))
		assert.Equal(t, ref, form.read(want))
	}
	assert.Equal(t, queued, refForm{}.write(queued))
	_, err := (&idempotency{Type: "int32"}).key(queued)
	assert.Equal(t, provider.Unsupported, provider.CodeOf(err))
}
