package sleep_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider/sleep"
)

func TestFor(t *testing.T) {
	cause := errors.New("the program ends")
	ended, end := context.WithCancelCause(context.Background())
	end(cause)
	for name, test := range map[string]struct {
		ctx   context.Context
		d     time.Duration
		err   error
		after time.Duration
	}{
		"a while":                {context.Background(), time.Minute, nil, time.Minute},
		"no time":                {context.Background(), 0, nil, 0},
		"a time that is over":    {context.Background(), -time.Hour, nil, 0},
		"an ended context":       {ended, time.Minute, cause, 0},
		"no time, ended context": {ended, 0, cause, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				assert.Equal(t, test.err, sleep.For(test.ctx, test.d))
				assert.Equal(t, test.after, time.Since(began))
			})
		})
	}
	t.Run("a context that ends meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, end := context.WithTimeoutCause(t.Context(), time.Second, cause)
			defer end()
			began := time.Now()
			assert.Equal(t, cause, sleep.For(ctx, time.Minute))
			assert.Equal(t, time.Second, time.Since(began))
		})
	})
}
