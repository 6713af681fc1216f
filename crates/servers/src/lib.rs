//! Deskbell's own MCP servers and the vendor REST clients behind them.
