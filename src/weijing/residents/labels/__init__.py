"""Who a WeCom contact is, and what WeCom shows beside them."""
