SELECT id, title FROM shop_book ORDER BY id
