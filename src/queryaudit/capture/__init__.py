"""Django -> events. Nothing here concludes anything; nothing here may hurt the host."""
