package apifon

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func vectorClock() time.Time { return time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC) }

// The vectors were computed with another implementation of the scheme.
func TestSignature(t *testing.T) {
	const sms = `{"message":{"text":"Hello There!","sender_id":"Example"},"subscribers":[{"number":"306900000001"}]}`
	const greek = `{"message":{"text":"Καλημέρα","dc":2,"sender_id":"Example"},"subscribers":[{"number":"306900000001"}]}`
	const im = `{"im_channels":[{"sender_id":"ExampleIM","text":"Hi"}],"subscribers":[{"number":"306900000001"}]}`
	tests := []struct{ name, method, url, body, want string }{
		{"post", "POST", "/services/api/v1/sms/send", sms, "3kkk+mLkczcxPvAFHU4knSZcJ5NmqgVPDb+7cRZRvVY="},
		{"body in UTF-8", "POST", "/services/api/v1/sms/send", greek, "AgD/lea4UAEStBp+nH3Im4ZvKt1qQYWQhnNyp0DgUCI="},
		{"query is not signed", "GET", "/services/api/v1/list?type=ADVANCED&size=10&page=1", "", "vCwAYkHgyXgKnXE7vAfCr6dkKdaI9/bIVLsWheUYCmc="},
		{"post without body", "POST", "/services/api/v1/balance", "", "juBO231DXKez8bEKe4h6oIUMq8JdbLHfSqVSKDj8rOQ="},
		{"empty object", "POST", "/services/api/v1/balance", "{}", "IaffPBCALmVsCW/ZDjfKdvY6QZBgsn+EbEXHZhbMIMs="},
		{"path parameters", "POST", "/services/api/v1/otp/verify/OTP-1/123456", "", "TM8LXcnr4v4s6zFWI9MvSkxLrfYSIu+YtwPVS44VS1k="},
		{"escaped blank", "POST", "/services/api/v1/otp/verify/OTP%201/123456", "", "DFvcdE3OGfOBDNGQ3Ug4ybl2HM/hGa5SX9KF2o2JoQI="},
		{"delete", "DELETE", "/services/api/v1/bounce/subscriber/unblock/306900000001", "", "iFxohbrnA6TdL/CT7niaBzH12B+34kbRS9gT9gHyJ0U="},
		{"instant message", "POST", "/services/api/v1/im/send", im, "lQlJLeMDTVd9eQqVUWn0xPfWLq/hJrSbeJRzJXE21YM="},
		{"escaped at sign", "GET", "/services/api/v1/bounce/subscriber/a%40b.example", "", "ZWuUhGzjTomiNA7z+U3P3FLl7Q5JohXYwIGqgnyIbkI="},
	}
	s := signer{token: "0123456789abcdef0123", secret: "s3cr3t-Key/For+Tests", now: vectorClock}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, "https://ars.apifon.com"+tt.url, nil)
			require.NoError(t, err)
			s.sign(req, []byte(tt.body))
			assert.Equal(t, "ApifonWS 0123456789abcdef0123:"+tt.want, req.Header.Get("Authorization"))
			assert.Equal(t, "Tue, 02 Jan 2024 03:04:05 GMT", req.Header.Get("X-ApifonWS-Date"))
		})
	}
}
