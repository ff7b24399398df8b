SELECT title FROM shop_book ORDER BY id
