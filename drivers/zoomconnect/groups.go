package zoomconnect

import (
	"context"
	"iter"
	"net/http"

	"github.com/anysms/anysms/provider/httpcall"
)

// Group is a group of contacts.
type Group struct {
	GroupID ID     `json:"groupId,omitempty"`
	Name    string `json:"name"`
}

// Groups iterates over all groups. (GET groups/all)
func (c *Client) Groups(ctx context.Context) iter.Seq2[Group, error] {
	return walk[Group](ctx, c, "/groups/all", "webServiceGroups")
}

// CreateGroup creates a group and returns it with its id. (POST groups/create)
func (c *Client) CreateGroup(ctx context.Context, name string) (*Group, error) {
	return readGroup(c.request(ctx, http.MethodPost, "/groups/create", Group{Name: name}))
}

// Group returns a group. (GET groups/{groupId})
func (c *Client) Group(ctx context.Context, id ID) (*Group, error) {
	path, err := address("/groups/{}", string(id))
	if err != nil {
		return nil, err
	}
	return readGroup(c.get(ctx, path, nil))
}

// UpdateGroup changes the group with the id. (POST groups/{groupId})
func (c *Client) UpdateGroup(ctx context.Context, group Group) (*Group, error) {
	path, err := address("/groups/{}", string(group.GroupID))
	if err != nil {
		return nil, err
	}
	return readGroup(c.request(ctx, http.MethodPost, path, group))
}

// DeleteGroup deletes a group. (DELETE groups/{groupId})
func (c *Client) DeleteGroup(ctx context.Context, id ID) error {
	return c.act(ctx, http.MethodDelete, "/groups/{}", string(id))
}

// AddToGroup adds a contact to a group. (POST
// groups/{groupId}/addContact/{contactId})
func (c *Client) AddToGroup(ctx context.Context, group, contact ID) error {
	return c.act(ctx, http.MethodPost, "/groups/{}/addContact/{}", string(group), string(contact))
}

// RemoveFromGroup removes a contact from a group. (POST
// groups/{groupId}/removeContact/{contactId})
func (c *Client) RemoveFromGroup(ctx context.Context, group, contact ID) error {
	return c.act(ctx, http.MethodPost, "/groups/{}/removeContact/{}", string(group), string(contact))
}

func readGroup(resp *httpcall.Response, err error) (*Group, error) {
	if err != nil {
		return nil, err
	}
	var group Group
	if err := resp.Decode(&group); err != nil || group.GroupID == "" {
		return nil, resp.Indeterminate(errNotDocumented)
	}
	return &group, nil
}
