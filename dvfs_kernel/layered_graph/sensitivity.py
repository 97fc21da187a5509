shadow_price=None
